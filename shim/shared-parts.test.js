import assert from "node:assert/strict";
import { test } from "node:test";
import { Addresses } from "./shared-addresses.js";
import { entryOf, gapEntry, moveTo } from "./shared-entry.js";
import { shareKey, topicsIn } from "./shared-key.js";
import { Ring, sizeOf } from "./shared-ring.js";
import { Coverage, driverTopics, wantedTopics, wants } from "./shared-topics.js";
import { Window } from "./shared-window.js";
import { clocks } from "./testing/clocks.js";

const set = (...names) => new Set(names);
const event = (id, topic = "a") => entryOf({ id, topic }, performance.now(), id, true);

test("the ring keeps the newest entries that fit, and knows what comes after a position", () => {
  const size = sizeOf(event("e-10"));
  const ring = new Ring(size * 10, "e-0");
  assert.equal(ring.after("e-0"), 1);
  for (let i = 1; i <= 5000; i++) {
    ring.push(event(`e-${i}`));
    assert.equal(ring.end, i + 1);
    assert.equal(ring.at(i).id, `e-${i}`);
    assert.equal(ring.after(`e-${i}`), i + 1);
  }
  assert.ok(ring.end - ring.first >= 9 && ring.end - ring.first <= 10, `${ring.first} to ${ring.end}`);
  assert.equal(ring.after(`e-${ring.first - 1}`), ring.first, "the position just before the ring is known");
  assert.equal(ring.after(`e-${ring.first - 2}`), undefined);
  assert.equal(ring.at(ring.first).id, `e-${ring.first}`);
  assert.equal(ring.after(""), undefined);
  ring.push(moveTo("e-6000"));
  assert.equal(ring.after("e-6000"), 5002);
  ring.push(gapEntry({ after: "e-6000", earliest: "", reason: "epoch" }));
  assert.equal(ring.after("e-6000"), undefined, "a position of before a gap may be of another log");
  ring.push({ ...event("x"), text: "x".repeat(size * 20) });
  assert.equal(ring.first, ring.end - 1, "one entry is always kept");
});

test("an entry tells its topic, its id if it has moved the cursor, and when it arrived", (t) => {
  clocks(t, 1000);
  assert.deepEqual(entryOf({ topic: "a" }, performance.now() - 300, "7", false), { position: "7", id: "", topic: "a", text: '{"topic":"a"}', time: 700 });
  assert.deepEqual(entryOf({ topic: 5 }, performance.now(), "7", true), { position: "7", id: "7", topic: "", text: '{"topic":5}', time: 1000 });
});

test("what a tab wants", () => {
  assert.deepEqual(wantedTopics(undefined, ["a"]), set("a"));
  assert.deepEqual(wantedTopics(undefined, []), set(""), "all");
  assert.deepEqual(wantedTopics([], ["a"]), set(), "none");
  assert.deepEqual(wantedTopics(["b"], ["a"]), set("b"));
  assert.ok(wants(set(""), "a") && wants(set(""), "") && wants(set("a"), "a") && wants(set("b", "p.*"), "p.x"));
  assert.ok(!wants(set(), "a") && !wants(set("a"), "b") && !wants(set("p.*"), "p"));
});

test("the union of topics goes to the server when it changes", () => {
  const coverage = new Coverage(set("a"));
  assert.deepEqual([...coverage.names], ["a"]);
  assert.equal(coverage.want([set("a")]), false);
  assert.equal(coverage.want([set("a"), set("b")]), true);
  assert.deepEqual([...coverage.names], ["a", "b"]);
  assert.equal(coverage.want([set("b"), set("")]), true);
  assert.deepEqual([...coverage.names], ["b", ""]);
  assert.deepEqual(driverTopics(coverage.names), { topics: [], none: false });
  assert.equal(coverage.want([set("c"), set("")]), false, "all is all");
  assert.equal(coverage.want([set("b")]), true);
  assert.deepEqual(driverTopics(coverage.names), { topics: ["b"], none: false });
  assert.equal(coverage.want([set(), set()]), false, "the server goes on as it is");
  assert.deepEqual([...coverage.names], ["b"]);
  assert.deepEqual(driverTopics(set()), { topics: [], none: true });
});

test("a topic is covered from the event on that only the new list can have brought", () => {
  const coverage = new Coverage(set("a"));
  assert.equal(coverage.from(set("a")), 1);
  coverage.want([set("a", "b")]);
  assert.equal(coverage.from(set("b")), Infinity);
  assert.equal(coverage.from(set("a", "b")), Infinity);
  coverage.seen("a", 5);
  assert.equal(coverage.from(set("b")), Infinity);
  coverage.seen("b", 6);
  assert.equal(coverage.from(set("b")), 6);
  assert.equal(coverage.from(set("a", "b")), 6);
  coverage.seen("b", 7);
  assert.equal(coverage.from(set("b")), 6);
});

test("a list shows that those before it were taken, not those after it", () => {
  const coverage = new Coverage(set("a"));
  coverage.want([set("a", "b")]);
  coverage.want([set("a", "b", "c")]);
  coverage.want([set("a", "b", "c"), set("")]);
  coverage.seen("c", 9);
  assert.deepEqual([coverage.from(set("b")), coverage.from(set("c")), coverage.from(set(""))], [9, 9, Infinity]);
  coverage.seen("x", 10);
  assert.equal(coverage.from(set("")), 10);
  assert.equal(coverage.from(set()), 0, "nothing is all there");
  assert.equal(coverage.from(set("y")), 10);
  assert.equal(coverage.from(set("b")), 9);
});

test("the answer of the server shows what it has taken", () => {
  const coverage = new Coverage(set("a"));
  coverage.want([set("a", "b")]);
  coverage.want([set("a", "b", "c")]);
  coverage.want([set("a", "b", "c", "d")]);
  const from = () => ["a", "b", "c", "d"].map((name) => coverage.from(set(name)));
  coverage.followed(["c"], 2, 7);
  assert.deepEqual(from(), [1, Infinity, 7, Infinity], "nobody knows whether it took the list before");
  coverage.followed(["b", "c", "d"], 2, 8);
  assert.deepEqual(from(), [1, 8, 7, Infinity], "that was asked for later");
  coverage.followed(undefined, 3, 9);
  assert.deepEqual(from(), [1, 8, 7, 9]);
  coverage.followed(["unknown"], 3, 10);
  assert.equal(coverage.from(set("unknown")), Infinity);
});

test("an answer of before a topic was dropped says nothing of it", () => {
  const coverage = new Coverage(set("a"));
  coverage.want([set("a", "b")]);
  const { list } = coverage;
  coverage.want([set("a")]);
  coverage.want([set("a", "b")]);
  coverage.followed(["a", "b"], list, 7);
  assert.equal(coverage.from(set("b")), Infinity);
  coverage.followed(["a", "b"], coverage.list, 8);
  assert.equal(coverage.from(set("b")), 8);
});

test("patterns cover their topics and narrower patterns", () => {
  const coverage = new Coverage(set("p.*"));
  assert.equal(coverage.from(set("p.x", "p.q.*")), 1);
  coverage.want([set("p.*", "p.x")]);
  assert.equal(coverage.from(set("p.x")), 1);
  coverage.seen("p.x", 4);
  assert.equal(coverage.from(set("p.x")), 1);
});

test("an event of a topic that was dropped shows nothing, until it cannot be under way any more", (t) => {
  const clock = clocks(t);
  const coverage = new Coverage(set("a", "b"));
  coverage.want([set("a")]);
  coverage.want([set("a", "b")]);
  coverage.seen("b", 5);
  assert.equal(coverage.from(set("b")), Infinity);
  clock.pass(60_001, 60_001);
  coverage.seen("b", 6);
  assert.equal(coverage.from(set("b")), 6);
});

test("an event of a topic that nobody wants shows nothing", () => {
  const coverage = new Coverage(set("a"));
  coverage.want([set("a", "b")]);
  coverage.seen("x", 20);
  assert.equal(coverage.from(set("b")), Infinity);
  coverage.seen("b", 22);
  assert.equal(coverage.from(set("b")), 22);
});

test("a tab's window is full until it acknowledges", () => {
  const window = new Window();
  assert.equal(window.full, false);
  assert.equal(window.send(200 * 1024), 1);
  assert.equal(window.full, false);
  assert.equal(window.send(56 * 1024), 2);
  assert.equal(window.full, true);
  window.acknowledge(0);
  assert.equal(window.full, true);
  window.acknowledge(1);
  assert.equal(window.full, false);
  window.send(300 * 1024);
  window.acknowledge(99);
  assert.equal(window.full, false);
});

test("tabs share by address and by name; the query of a url function does not count", () => {
  const key = (share, href, asked = false, rest = []) => shareKey(share, href, asked, rest);
  assert.equal(key(true, "ws://h/?a=1"), key(true, "ws://h/?a=1"));
  for (const other of [key(true, "ws://h/?a=2"), key("u", "ws://h/?a=1"), key(true, "ws://h/?a=1", false, [1])])
    assert.notEqual(key(true, "ws://h/?a=1"), other);
  assert.equal(key("u", "ws://h/a?token=1", true), key("u", "ws://h/a?token=2", true));
  for (const other of [key("v", "ws://h/a", true), key("u", "ws://h/b", true), key("u", "ws://other/a", true)])
    assert.notEqual(key("u", "ws://h/a", true), other);
  assert.deepEqual(topicsIn("ws://h/?topic=a&topic=&topic=b"), ["a", "b"]);
});

/** Tabs that are asked, and answer when the test says so. */
function asking(t, ...visible) {
  const clock = clocks(t);
  const tabs = visible.map((on) => ({ visible: on, asks: [], ask: (ask, context) => tabs.asked.push({ ask, context }) }));
  tabs.asked = [];
  tabs.forEach((tab, i) => (tab.ask = (ask, context) => tabs.asked.push({ tab: i, ask, context })));
  const addresses = new Addresses(() => tabs.slice(0, tabs.length));
  return { clock, tabs, addresses, settled: () => new Promise((resolve) => setImmediate(resolve)) };
}

test("a visible tab is asked for the address", async (t) => {
  const { tabs, addresses } = asking(t, false, true, true);
  const href = addresses.ask({ fresh: true, attempt: 2 });
  assert.deepEqual(tabs.asked, [{ tab: 1, ask: 1, context: { fresh: true, attempt: 2 } }]);
  addresses.answered(tabs[0], { ask: 1, href: "from another tab" });
  addresses.answered(tabs[1], { ask: 1, href: "ws://h/" });
  assert.equal(await href, "ws://h/");
});

test("another tab is asked when one goes, and when one is silent", async (t) => {
  const { clock, tabs, addresses, settled } = asking(t, true, true, false);
  const href = addresses.ask({ fresh: false, attempt: 0 });
  addresses.gone(tabs[0]);
  await settled();
  assert.equal(tabs.asked.at(-1).tab, 1);
  clock.pass(4_999);
  await settled();
  assert.equal(tabs.asked.length, 2);
  clock.pass(1, 1);
  await settled();
  assert.equal(tabs.asked.at(-1).tab, 2);
  clock.pass(20_000, 1_000);
  addresses.answered(tabs[1], { ask: 2, href: "too late" });
  addresses.answered(tabs[2], { ask: 3, href: "ws://h/" });
  assert.equal(await href, "ws://h/", "the last one has all the time it takes");
});

test("a url function that fails is the answer; so is that nobody is left", async (t) => {
  const { tabs, addresses } = asking(t, true);
  const failed = addresses.ask({ fresh: false, attempt: 0 });
  addresses.answered(tabs[0], { ask: 1, reason: "no token" });
  await assert.rejects(failed, /no token/);
  const alone = addresses.ask({ fresh: false, attempt: 0 });
  addresses.gone(tabs[0]);
  await assert.rejects(alone, /no tab/);
});
