import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeChannels, build, sharedWorld as world, turn, until } from "./testing/shared-world.js";

after(closeChannels);

const ids = (events) => events.map(({ id }) => id);

test("ten tabs have one connection and one engine, and each gets every event", async (t) => {
  const { server, worker, open, tabs } = world(t);
  for (let i = 0; i < 10; i++) open();
  await until("all are live", () => tabs.every((tab) => tab.live && tab.joined === 1));
  for (let i = 0; i < 20; i++) server.publish();
  await until("all have them", () => tabs.every((tab) => tab.got.length === 20));
  for (const tab of tabs) assert.deepEqual(tab.got, ids(server.log));
  for (const tab of tabs) assert.equal(tab.driver.cursor, "e-20");
  assert.equal(server.dials.length, 1);
  assert.equal(worker.loaded, 1);
  assert.deepEqual(new Set(worker.names), new Set([`wakesocket ${build}`]));
});

test("a tab that joins later sees state, position, the server's clock and limits at once", async (t) => {
  const { server, open, openLive } = world(t);
  await openLive();
  server.publish();
  server.tell([...server.sockets][0], { wakesocket: "fresh", fresh: { a: 5 } });
  await turn();
  const late = open();
  await until("it is live", () => late.live && late.frames.length === 2);
  assert.deepEqual(late.states, ["live"]);
  assert.equal(late.driver.cursor, "e-1");
  assert.deepEqual(late.got, []);
  assert.equal(late.frames[0].wakesocket, "hello");
  assert.ok(Math.abs(late.frames[0].time - Date.now()) < 10_000);
  assert.deepEqual(late.frames[1].fresh, { a: 5 });
  assert.equal(server.dials.length, 1);
});

test("a tab with an older cursor gets what it lacks from the ring, in order", async (t) => {
  const { server, open, openLive } = world(t);
  const first = await openLive({ after: "e-0" });
  for (let i = 0; i < 30; i++) server.publish(i % 3 === 0 ? "b" : "a");
  await until("the first has them", () => first.got.length === 30);
  const second = open({ after: "e-10", topics: ["b"] });
  const third = open({ after: "e-0" });
  await until("they have theirs", () => second.live && third.live);
  server.publish("b");
  await until("they have the newest", () => second.got.at(-1) === "e-31" && third.got.at(-1) === "e-31");
  assert.deepEqual(second.got, ids(server.log.slice(10).filter(({ topic }) => topic === "b")));
  assert.deepEqual(third.got, ids(server.log));
  assert.equal(server.dials.length, 1);
});

test("a tab whose cursor is older than the ring catches up from the server, without disturbing the others", async (t) => {
  const { server, open, openLive } = world(t, { ringBytes: 2_000 });
  for (let i = 0; i < 50; i++) server.publish();
  const first = await openLive();
  for (let i = 0; i < 50; i++) server.publish();
  await until("the first has them", () => first.got.length === 50);
  const second = open({ after: "e-20" });
  await until("it is live", () => second.live);
  assert.deepEqual(second.states, ["connecting", "live"]);
  for (let i = 0; i < 5; i++) server.publish();
  await until("both have the newest", () => second.got.at(-1) === "e-105" && first.got.at(-1) === "e-105");
  assert.deepEqual(second.got, ids(server.log.slice(20)));
  assert.deepEqual(first.got, ids(server.log.slice(50)));
  assert.deepEqual(first.states, ["connecting", "live"]);
  assert.equal(server.dials.length, 2);
  assert.equal(server.sockets.size, 1, "its own connection has ended");
  assert.deepEqual(server.closes, [1000]);
});

test("a gap that the server tells reaches the tab that lacks the events, and no other", async (t) => {
  const { server, open, openLive } = world(t, { ringBytes: 2_000 });
  for (let i = 0; i < 50; i++) server.publish();
  server.first = 40;
  const first = await openLive();
  const second = open({ after: "e-20" });
  await until("it is live", () => second.live && second.got.length === 10);
  assert.deepEqual(second.gaps, [{ after: "e-20", earliest: "e-41", reason: "trimmed" }]);
  assert.deepEqual(second.got, ids(server.log.slice(40)));
  assert.deepEqual(first.gaps, []);
});

test("a gap of the shared connection reaches every tab, at its place", async (t) => {
  const { server, openLive } = world(t);
  const [a, b] = [await openLive({ after: "e-0" }), await openLive({ after: "e-0" })];
  server.publish();
  await until("both have it", () => a.got.length === 1 && b.got.length === 1);
  server.sockets.forEach((socket) => (socket.next = 20)); // so that the others are not sent
  for (let i = 0; i < 19; i++) server.publish();
  server.first = 15;
  server.cut();
  await until("both have the rest", () => a.got.at(-1) === "e-20" && b.got.at(-1) === "e-20");
  for (const tab of [a, b]) assert.deepEqual(tab.gaps, [{ after: "e-1", earliest: "e-16", reason: "trimmed" }]);
  for (const tab of [a, b]) assert.deepEqual(tab.got, ["e-1", "e-16", "e-17", "e-18", "e-19", "e-20"]);
  // A position of before the gap is of no use for the ring.
  const late = await openLive({ after: "e-1" });
  assert.deepEqual(late.gaps, [{ after: "e-1", earliest: "e-16", reason: "trimmed" }]);
});

test("each tab has its own topics, and the server is asked for all of them", async (t) => {
  const { server, openLive } = world(t);
  server.limits = { history: 1000 };
  const a = await openLive({ topics: ["a"] });
  const b = await openLive({ topics: ["b", "price.*"] });
  await until("the server knows", () => [...server.sockets][0].topics.length === 3);
  for (const topic of ["a", "b", "c", "price.gold", "price", "a"]) server.publish(topic);
  await until("they have theirs", () => a.got.length === 2 && b.got.length === 2);
  assert.deepEqual(a.got, ["e-1", "e-6"]);
  assert.deepEqual(b.got, ["e-2", "e-4"]);
  a.driver.topics(["c"]);
  await until("the server knows", () => [...server.sockets][0].topics.includes("c"));
  for (const topic of ["a", "c"]) server.publish(topic);
  await until("it has it", () => a.got.length === 3);
  assert.deepEqual(a.got.at(-1), "e-8");
  const all = await openLive();
  await until("the server sends all", () => [...server.sockets][0].topics.length === 0);
  server.publish("x");
  await until("it has it", () => all.got.length === 1);
  assert.equal(server.dials.length, 1);
});

test("the cursor of a tab follows what was left out for it", async (t) => {
  const { server, openLive } = world(t);
  await openLive();
  const b = await openLive({ topics: ["b"] });
  for (let i = 0; i < 300; i++) server.publish("a");
  await until("it moved", () => Number(b.driver.cursor.slice(2)) >= 256);
  assert.deepEqual(b.got, []);
});

test("the topics of the address count for a tab that names none", async (t) => {
  const { server, openLive } = world(t);
  const url = "ws://h/feed?topic=a";
  const none = await openLive({ url });
  const b = await openLive({ url, topics: ["b"] });
  await until("the server knows", () => [...server.sockets][0].topics.length === 2);
  for (const topic of ["a", "b", "c"]) server.publish(topic);
  await until("they have theirs", () => none.got.length === 1 && b.got.length === 1);
  assert.deepEqual([none.got, b.got], [["e-1"], ["e-2"]]);
});

test("the last tab that leaves closes with 1000; before, the others go on", async (t) => {
  const { server, worker, openLive } = world(t);
  const [a, b] = [await openLive(), await openLive()];
  a.driver.stop();
  assert.equal(a.status.name, "stopped");
  server.publish();
  await until("the other has it", () => b.got.length === 1);
  assert.deepEqual(a.got, []);
  assert.deepEqual(server.closes, []);
  b.driver.stop();
  await until("it is closed", () => server.closes.length > 0);
  assert.deepEqual(server.closes, [1000]);
  assert.equal(worker.hub.size, 0);
  a.driver.reconnect();
  await until("it is live again", () => a.live);
  assert.deepEqual(a.got, ["e-1"], "from its cursor on");
});

test("a tab that is away or frozen leaves no trace, and goes on from its cursor", async (t) => {
  const { server, worker, openLive } = world(t);
  const a = await openLive({ after: "e-0" });
  a.driver.away();
  await until("the worker has forgotten it", () => worker.hub.size === 0);
  assert.deepEqual(server.closes, [1000]);
  server.publish();
  a.driver.wake("wake");
  await until("it has what it missed", () => a.got.length === 1 && a.live);
  assert.equal(server.dials.length, 2);
});

test("a slow tab holds nobody back, is sent no more than it can take, and misses nothing", async (t) => {
  const { server, openLive } = world(t, { ringBytes: 100_000 });
  const [fast, slow] = [await openLive({ after: "e-0" }), await openLive({ after: "e-0" })];
  slow.freeze();
  for (let i = 0; i < 400; i++) {
    server.publish("a", 4_000);
    if (i % 20 === 0) await turn();
  }
  await until("the fast one has all", () => fast.got.length === 400);
  assert.ok(slow.held.filter(({ type }) => type === "batch").reduce((sum, { events }) => sum + events.length, 0) < 400_000);
  slow.thaw();
  await until("the slow one has all", () => slow.got.length >= 400 && slow.live);
  server.publish();
  await until("both have the newest", () => fast.got.length === 401 && slow.got.length === 401);
  assert.deepEqual(slow.got, ids(server.log));
  assert.ok(slow.states.includes("reconnecting"), "while it lacked events it was not live");
  assert.ok(!fast.states.includes("reconnecting"), "it never lacked any");
  assert.equal(server.sockets.size, 1);
});

test("where events have no ids, a tab that was too slow is told a gap", async (t) => {
  const { server, openLive } = world(t, { ringBytes: 100_000 });
  server.plain = true;
  const slow = await openLive();
  const send = () => server.tell([...server.sockets][0], { topic: "a", pad: "x".repeat(4_000) });
  slow.freeze();
  for (let i = 0; i < 200; i++) send();
  await until("the window is full", () => slow.held.filter(({ type }) => type === "batch").length >= 4);
  for (let i = 0; i < 50; i++) await turn();
  slow.thaw();
  await until("it is told", () => slow.gaps.length === 1);
  assert.deepEqual(slow.gaps, [{ after: "", earliest: "", reason: "trimmed" }]);
});

test("a loss is told to all, one dial is made, and nothing is missing", async (t) => {
  const { server, openLive, tabs } = world(t);
  for (let i = 0; i < 3; i++) await openLive();
  server.publish();
  server.cut();
  server.publish();
  await until("all have both", () => tabs.every((tab) => tab.got.length === 2 && tab.live));
  assert.equal(server.dials.length, 2);
  for (const tab of tabs) assert.deepEqual(tab.states.slice(-3), ["live", "reconnecting", "live"]);
});

test("messages go out, and errors come to the tab that sent them", async (t) => {
  const { server, openLive } = world(t);
  server.limits = { message: 50 };
  const [a, b] = [await openLive(), await openLive()];
  assert.equal(a.driver.send('{"hello":1}'), true);
  await until("it has arrived", () => server.messages.length === 1);
  assert.deepEqual(server.messages, [{ hello: 1 }]);
  a.driver.send(JSON.stringify("x".repeat(100)));
  await until("the error is told", () => a.errors.length > 0);
  assert.match(a.errors[0], /message-too-large/);
  assert.deepEqual(b.errors, []);
  const [socket] = server.sockets;
  server.tell(socket, { wakesocket: "error", code: "topic-forbidden", message: "no" });
  await until("all are told", () => b.errors.length === 1);
});

function denied() {
  throw new Error("denied");
}

for (const [reason, forbid] of [
  [/sharing failed \(denied\)/, () => Object.defineProperty(globalThis, "SharedWorker", { configurable: true, get: denied })],
  [/allow-same-origin/, () => (globalThis.origin = "null")],
  [/denied.*beside the shim/, () => (globalThis.SharedWorker = denied)],
  [
    /denied.*trusted-types/,
    () => {
      globalThis.SharedWorker = denied;
      globalThis.trustedTypes = { createPolicy: denied };
    },
  ],
]) {
  test(`a tab that the browser keeps from sharing is told ${reason}`, async (t) => {
    const { open } = world(t);
    t.after(() => {
      delete globalThis.origin;
      delete globalThis.trustedTypes;
    });
    forbid();
    const tab = open();
    await until("it is alone", () => tab.alone.length === 1);
    assert.match(tab.alone[0], reason);
  });
}
