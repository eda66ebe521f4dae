import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Additions } from "./shared-additions.js";
import { Tab, closeChannels, sharedWorld, turn, until } from "./testing/shared-world.js";

after(closeChannels);

/** Tabs that are opened live, of a server that answers requests. */
function world(t, options) {
  const made = sharedWorld(t, options);
  made.server.limits = { history: 1000 };
  return made;
}

const ids = (events) => events.map(({ id }) => id);
const closed = { code: "closed" };

test("the answer of a history goes to the tab that asked", async (t) => {
  const { server, openLive } = world(t);
  for (let i = 0; i < 9; i++) server.publish(i % 2 ? "b" : "a");
  const [first, second] = [await openLive({ topics: ["a"] }), await openLive({ topics: ["b"] })];
  const [a, b] = await Promise.all([first.driver.history({ topic: "a", limit: 2 }), second.driver.history({ topic: "b", before: "e-6" })]);
  assert.deepEqual({ ...a, events: ids(a.events) }, { events: ["e-7", "e-9"], from: "e-6", complete: false });
  assert.deepEqual({ ...b, events: ids(b.events) }, { events: ["e-2", "e-4"], from: "e-1", complete: true });
  for (const tab of [first, second]) assert.deepEqual([tab.got, tab.earlier, tab.errors, tab.alone], [[], [], [], []]);
  assert.equal(server.dials.length, 1);
});

test("a tab adds topics that another one follows: it gets the earlier events that it asked for, and then all", async (t) => {
  const { server, openLive } = world(t);
  const first = await openLive({ topics: ["a", "b"] });
  for (let i = 0; i < 6; i++) server.publish(i % 2 ? "b" : "a");
  await until("the first has them", () => first.got.length === 6);
  const second = await openLive({ topics: ["c"] });
  let before;
  const added = second.driver.addTopics(["b", "a"], { last: 1 }).then((at) => {
    before = [...second.earlier];
    return at;
  });
  assert.equal(await added, "e-6");
  assert.deepEqual(before, ["e-5", "e-6"], "earlier events come before the promise resolves");
  assert.deepEqual([second.got, second.driver.cursor], [[], "e-6"]);
  for (let i = 0; i < 6; i++) server.publish(["a", "b", "c"][i % 3]);
  await until("both have them", () => second.got.length === 6 && first.got.length === 10);
  assert.deepEqual(second.got, ids(server.log.slice(6)));
  assert.deepEqual(first.earlier, []);
  assert.deepEqual(first.got, ids(server.log.filter(({ topic }) => topic !== "c")));
  assert.equal(server.dials.length, 1);
});

test("events that a slow tab has not got yet, of topics that it adds now, do not come", async (t) => {
  const { server, openLive } = world(t);
  const first = await openLive({ topics: ["a", "b"] });
  const slow = await openLive({ topics: ["b"] });
  slow.freeze();
  for (let i = 0; i < 40; i++) server.publish(i % 2 ? "b" : "a", 20_000);
  await until("the first has them", () => first.got.length === 40);
  const added = slow.driver.addTopics(["a"], { after: "e-35" });
  await until("it is answered", () => server.requests.length === 1);
  await turn();
  server.publish("a");
  slow.thaw();
  assert.equal(await added, "e-40");
  await until("it has the newest", () => slow.got.at(-1) === "e-41");
  assert.deepEqual(slow.got, [...ids(server.log.slice(0, 40).filter(({ topic }) => topic === "b")), "e-41"]);
  assert.deepEqual(slow.earlier, ["e-37", "e-39"]);
});

test("a tab that is off the ring when its topics are followed catches up with them", async (t) => {
  const { server, openLive } = world(t, { ringBytes: 50_000 });
  const first = await openLive({ topics: ["a", "b"] });
  const slow = await openLive({ topics: ["b"] });
  slow.freeze();
  const added = slow.driver.addTopics(["a"], { last: 2 });
  for (let i = 0; i < 40; i++) server.publish(i % 2 ? "b" : "a", 20_000);
  await until("the first has them", () => first.got.length === 40);
  slow.thaw();
  await added;
  server.publish("a");
  await until("it has the newest", () => slow.got.at(-1) === "e-41" && slow.live);
  const fromAdded = server.log.filter(({ topic }, i) => topic === "b" || i >= 1);
  assert.deepEqual(
    slow.got.filter((id) => !ids(fromAdded).includes(id)),
    [],
  );
  assert.deepEqual(slow.got, [...new Set(slow.got)]);
  for (const { id } of server.log.filter(({ topic }) => topic === "b")) assert.ok(slow.got.includes(id), id);
  assert.equal(first.got.length, 41);
});

test("a gap before topics that were added is told to the tab that added them", async (t) => {
  const { server, openLive } = world(t);
  for (let i = 0; i < 9; i++) server.publish("a");
  server.first = 5;
  const [first, second] = [await openLive({ topics: ["a"] }), await openLive({ topics: ["b"] })];
  assert.equal(await second.driver.addTopics(["a"], { after: "e-2" }), "e-9");
  assert.deepEqual(second.earlier, ["e-6", "e-7", "e-8", "e-9"]);
  assert.deepEqual(second.gaps, [{ after: "e-2", earliest: "e-6", reason: "limited" }]);
  assert.deepEqual(first.gaps, []);
});

test("a refusal goes to the tab that asked, and takes nothing from the others", async (t) => {
  const { server, openLive } = world(t);
  const [first, second] = [await openLive({ topics: ["a"] }), await openLive({ topics: ["b"] })];
  await assert.rejects(second.driver.addTopics(["a", "secret"], {}), { code: "topic-forbidden" });
  await turn();
  assert.deepEqual([...server.sockets][0].topics, ["a", "b"]);
  server.cut();
  await until("a new connection", () => server.dials.length === 2 && first.live && second.live);
  assert.deepEqual([...server.sockets][0].topics, ["a", "b"]);
  server.publish("a");
  server.publish("b");
  await until("each has its own", () => first.got.length === 1 && second.got.length === 1);
  assert.deepEqual([first.got, second.got, first.errors], [["e-1"], ["e-2"], []]);
  second.driver.away();
  second.driver.wake("wake");
  await until("it is back", () => second.joined === 2 && second.live);
  assert.equal(server.requests.length, 1, "what was refused is not asked for again");
});

test("topics are removed down to none, and come back", async (t) => {
  const { server, openLive } = world(t);
  const [first, second] = [await openLive({ topics: ["a"] }), await openLive({ topics: ["a", "b"] })];
  server.publish("a");
  await until("both have it", () => second.driver.cursor === "e-1");
  assert.equal(await second.driver.removeTopics(["b"]), "e-1");
  assert.equal(await second.driver.removeTopics(["a"]), "e-1");
  server.publish("a");
  await until("the first has it", () => first.got.length === 2);
  second.driver.away();
  second.driver.wake("wake");
  await until("it is back", () => second.joined === 2 && second.live);
  server.publish("b");
  server.publish("a");
  await until("the first has it", () => first.got.length === 3);
  assert.deepEqual(second.got, ["e-1"]);
  await second.driver.addTopics(["b"], {});
  server.publish("b");
  await until("it has the event", () => second.got.length === 2);
  assert.deepEqual(second.got, ["e-1", "e-5"]);
  const everything = await openLive();
  await assert.rejects(everything.driver.removeTopics(["a"]), { code: "message-invalid" });
});

test("a lone tab without topics gets nothing, and none are asked for when it comes back", async (t) => {
  const { server, openLive } = world(t);
  const tab = await openLive({ topics: ["a"] });
  await tab.driver.removeTopics(["a"]);
  tab.driver.away();
  await until("the worker closes", () => server.sockets.size === 0);
  tab.driver.wake("wake");
  await until("it is back", () => server.sockets.size === 1);
  assert.equal(new URL(server.dials[1]).searchParams.get("topics"), "later");
});

test("what has no answer is asked again after the tab has joined again, and ends with the feed", async (t) => {
  const { server, openLive } = world(t);
  server.publish("a");
  const [first, second] = [await openLive({ topics: ["a"] }), await openLive({ topics: ["b"] })];
  server.mute = true;
  const history = second.driver.history({ topic: "a" });
  const added = second.driver.addTopics(["c"], { last: 1 });
  await until("it is asked", () => server.requests.length === 2);
  second.driver.away();
  server.mute = false;
  second.driver.wake("wake");
  assert.deepEqual(ids((await history).events), ["e-1"]);
  assert.equal(await added, "e-1");
  server.mute = true;
  const open1 = first.driver.history({ topic: "a" });
  first.driver.stop();
  await assert.rejects(open1, closed);
});

test("a tab that gets a connection of its own asks there", async (t) => {
  const { openLive, worker, server } = world(t);
  const tab = await openLive({ topics: ["a"] });
  server.mute = true;
  const [history, added, removed] = [tab.driver.history({ topic: "a" }), tab.driver.addTopics(["b"], { last: 3 }), tab.driver.removeTopics(["c"])];
  await removed;
  worker.last.postMessage({ type: "strange" });
  assert.deepEqual(await history, { topic: "a" });
  assert.equal(await added, "own");
});

test("what a tab says before its worker is there is said then", async (t) => {
  const { server, worker, openLive } = world(t);
  await openLive({ topics: ["a"] });
  const tab = new Tab(worker, { topics: ["b"] });
  await undefined;
  await undefined;
  tab.driver.topics(["c"]);
  const history = tab.driver.history({ topic: "a" });
  await until("it is live", () => tab.live);
  await history;
  server.publish("b");
  server.publish("c");
  await until("it has its event", () => tab.got.length > 0);
  assert.deepEqual(tab.got, ["e-2"]);
  tab.driver.stop();
});

test("a server that answers no requests is no reason to leave the others", async (t) => {
  const { server, openLive } = world(t);
  server.limits = undefined;
  const [first, second] = [await openLive({ topics: ["a"] }), await openLive({ topics: ["b"] })];
  await assert.rejects(second.driver.history({ topic: "a" }), { code: "unsupported" });
  await assert.rejects(second.driver.addTopics(["c"], { last: 1 }), { code: "unsupported" });
  await second.driver.addTopics(["a"], {});
  server.publish("a");
  await until("both have it", () => first.got.length === 1 && second.got.length === 1);
  assert.deepEqual([first.alone, second.alone], [[], []]);
});

test("topics that are added count from their places on, and not when they are removed meanwhile", () => {
  const additions = new Additions();
  additions.ask(1, ["a", "b"]);
  additions.ask(2, ["c"]);
  additions.reader.history([{ id: "e-1", topic: "a" }]);
  additions.reader.gap({ after: "e-0", earliest: "e-1", reason: "limited" });
  additions.followed(1, "e-5", 7);
  additions.drop((name) => name === "a" || name === "c");
  assert.deepEqual(additions.names, new Set(["b"]));
  assert.equal(additions.take(6), undefined);
  assert.equal(additions.waiting, true);
  const { names, entries } = additions.take(7);
  assert.deepEqual(names, new Set(["b"]));
  assert.deepEqual(
    entries.map(({ text, message }) => message ?? JSON.parse(text)),
    [
      { id: "e-1", topic: "a", history: true },
      { type: "gap", gap: { after: "e-0", earliest: "e-1", reason: "limited" } },
      { type: "answer", request: 1, answer: { at: "e-5" } },
    ],
  );
  assert.equal(additions.waiting, false);
  additions.ask(3, ["d"]);
  additions.refused(3);
  additions.followed(2, "e-6", 8);
  const second = additions.take(9);
  assert.deepEqual([second.names, second.entries.length, additions.names], [new Set(), 1, new Set()]);
  assert.equal(additions.take(9), undefined);
});
