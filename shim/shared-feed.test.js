import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeChannels, sharedWorld as world, turn, until } from "./testing/shared-world.js";

const { Driver } = await import("./driver.js");

after(closeChannels);

/** The arguments of each call of a method of the shared driver. */
const calls = (t, name) => {
  const { mock } = t.mock.method(Driver.prototype, name);
  return () => mock.calls.map((call) => call.arguments[0]);
};

test("somebody looks as long as one tab is visible", async (t) => {
  const { openLive } = world(t);
  const seen = calls(t, "visible");
  const [first, second] = [await openLive({ visible: false }), await openLive({ visible: true })];
  assert.deepEqual(seen(), [true]);
  first.driver.visible(true);
  second.driver.visible(false);
  for (let i = 0; i < 5; i++) await turn();
  assert.deepEqual(seen(), [true], "the other one is still visible");
  first.driver.visible(false);
  await until("nobody looks", () => seen().length === 2);
  const third = await openLive({ visible: true });
  third.driver.stop();
  await until("nobody looks again", () => seen().length === 4);
  assert.deepEqual(seen(), [true, false, true, false]);
});

test("what wakes a tab up wakes the connection", async (t) => {
  const { openLive } = world(t);
  const tab = await openLive({ visible: false });
  const seen = calls(t, "wake");
  tab.driver.wake("wake");
  tab.driver.wake("network");
  tab.driver.visible(true);
  tab.driver.visible(false);
  await until("it is told", () => seen().length === 3);
  await turn();
  assert.deepEqual(seen(), ["wake", "network", "wake"]);
});

test("what a browser says of its network, and reconnect, reach the connection", async (t) => {
  const { openLive } = world(t);
  const tab = await openLive();
  const [online, reconnect] = [calls(t, "online"), calls(t, "reconnect")];
  tab.driver.online(false);
  tab.driver.online(true);
  tab.driver.reconnect();
  await until("it is told", () => reconnect().length === 1);
  assert.deepEqual(online(), [false, true]);
});

test("topics that no tab wants are asked for a while longer, for a tab that is loaded again", async (t) => {
  const { server, openLive } = world(t, { topicsLinger: 60_000 });
  const first = await openLive({ topics: ["a"] });
  const second = await openLive({ topics: ["b"] });
  second.driver.stop();
  await openLive({ topics: ["c"] });
  const topics = () => [...server.sockets][0].topics;
  await until("it is asked for, too", () => topics().includes("c"));
  assert.deepEqual(topics(), ["a", "b", "c"]);
  await first.driver.removeTopics(["a"]);
  await turn();
  assert.deepEqual(topics(), ["a", "b", "c"]);
});

test("and then not any more", async (t) => {
  const { server, openLive } = world(t, { topicsLinger: 10 });
  await openLive({ topics: ["a"] });
  const topics = () => [...server.sockets][0].topics.join();
  for (let round = 0; round < 2; round++) {
    const second = await openLive({ topics: ["b"] });
    await until("both are asked for", () => topics() === "a,b");
    second.driver.stop();
    await until("only those of the tab that is left are asked for", () => topics() === "a");
  }
});

test("a tab that has left is told nothing more", async (t) => {
  const { server, worker, openLive } = world(t);
  await openLive();
  const tab = await openLive();
  const post = t.mock.method(worker.last, "postMessage");
  tab.driver.stop();
  await turn();
  await turn();
  const before = post.mock.callCount();
  for (const socket of server.sockets) server.tell(socket, { wakesocket: "fresh", fresh: { a: 5 } });
  server.publish();
  for (let i = 0; i < 5; i++) await turn();
  assert.equal(post.mock.callCount(), before);
});

test("a burst that is larger than the ring reaches each tab over the one connection", async (t) => {
  const { server, openLive } = world(t, { ringBytes: 20_000 });
  const [first, second] = [await openLive({ after: "e-0" }), await openLive({ after: "e-0" })];
  const send = server.flush;
  server.flush = () => {}; // so that all of them come in one frame
  for (let i = 0; i < 60; i++) server.publish("a", 1000);
  server.flush = send;
  for (const socket of server.sockets) server.flush(socket);
  await until("both have it", () => first.got.length === 60 && second.got.length === 60);
  assert.equal(server.dials.length, 1);
});

test("a tab that joins later gets the server's time of now", async (t) => {
  const { openLive } = world(t);
  const first = await openLive();
  const { time } = first.frames[0];
  for (const begun = Date.now(); Date.now() < begun + 30; ) await turn();
  const second = await openLive();
  assert.ok(second.frames[0].time >= time + 25, `${second.frames[0].time} after ${time}`);
});

test("what the server says of a message goes to the tabs that send, and of all else to every tab", async (t) => {
  const { server, openLive } = world(t);
  const [first, second] = [await openLive(), await openLive()];
  second.driver.send('"hello"');
  await until("it is sent", () => server.messages.length === 1);
  const refuse = (code) => server.tell([...server.sockets][0], { wakesocket: "error", code, message: "no" });
  for (const code of ["message-invalid", "message-rate", "message-too-large"]) refuse(code);
  await until("it is told", () => second.errors.length === 3);
  assert.deepEqual(first.errors, []);
  refuse("log-unavailable");
  await until("both are told", () => second.errors.length === 4 && first.errors.length === 1);
  assert.match(first.errors[0], /^log-unavailable: .*no/);
});

test("a visible tab that joins wakes a connection that is not live, a hidden one does not", async (t) => {
  const { server, open, openLive } = world(t);
  await openLive({ visible: false });
  server.refusing = true;
  server.cut();
  const seen = calls(t, "wake");
  const hidden = open({ visible: false });
  await until("it has joined", () => hidden.joined === 1);
  assert.deepEqual(seen(), []);
  const visible = open();
  await until("it has joined", () => visible.joined === 1);
  assert.deepEqual(seen(), ["wake"]);
});

test("a message while the feed is not live is lost, which the tab that sent it is told", async (t) => {
  const { server, openLive } = world(t);
  const [first, second] = [await openLive(), await openLive()];
  server.refusing = true;
  server.cut();
  await until("both know", () => !first.live && !second.live);
  second.driver.send('"hello"');
  await until("it is told", () => second.errors.length === 1);
  assert.match(second.errors[0], /^messages-lost: .*not live/);
  assert.deepEqual([first.errors, server.messages], [[], []]);
});

test("a tab that gets a part is told how many events of the ring wait", async (t) => {
  const { server, worker, openLive } = world(t);
  const tab = await openLive({ after: "e-0" });
  const post = t.mock.method(worker.last, "postMessage");
  const now = performance.now();
  t.mock.method(performance, "now", () => now); // a busy machine would deliver the burst in more than one task
  const send = server.flush;
  server.flush = () => {}; // so that all of them come in one frame
  for (let i = 0; i < 6; i++) server.publish("a", 30_000);
  server.flush = send;
  for (const socket of server.sockets) server.flush(socket);
  await until("it has all", () => tab.got.length === 6);
  const batches = post.mock.calls.map((call) => call.arguments[0]).filter(({ type }) => type === "batch");
  assert.deepEqual(
    batches.map(({ ids, waiting }) => [ids.length, waiting]),
    [
      [3, 3],
      [3, 0],
    ],
  );
});
