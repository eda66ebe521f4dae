import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry, registry } from "./registry.js";
import { FakeFeed } from "./testing/dom.js";

const setup = (...names) => {
  const page = new Registry();
  const feeds = names.map((name) => {
    const feed = new FakeFeed();
    page.add(feed);
    return feed.is(name);
  });
  return { page, feeds };
};

test("there is one registry a page, found under a symbol and not by name", () => {
  const before = Object.keys(globalThis);
  assert.equal(registry(), registry());
  assert.equal(globalThis[Symbol.for("wakesocket.page.1")], registry());
  assert.deepEqual(Object.keys(globalThis), before);
});

test("the page's data are live only while all feeds are", () => {
  for (const [names, verdict] of [
    [[], "lost"],
    [["live"], "live"],
    [["live", "live"], "live"],
    [["connecting"], "lost"],
    [["live", "connecting"], "lost"],
    [["checking", "live"], "lost"],
    [["live", "reconnecting"], "lost"],
    [["live", "offline"], "lost"],
    [["stopped"], "lost"],
    [["failed"], "lost"],
    [["live", "failed"], "live"], // it never brought any data
    [["live", "stopped"], "live"],
    [["stopped", "live"], "live"],
    [["stopped", "stopped"], "lost"],
  ]) {
    assert.equal(setup(...names).page.verdict(), verdict, names.join());
  }
});

test("a feed that failed after it was live counts, until it is closed", () => {
  const { page, feeds } = setup("live", "live");
  feeds[1].is("failed");
  assert.equal(page.verdict(), "lost");
  assert.equal(page.worst(), feeds[1]);
  feeds[1].is("stopped");
  assert.equal(page.verdict(), "live");
  assert.equal(page.worst(), feeds[0]);
});

test("the badge of a page shows the feed in the worst state", () => {
  for (const [names, worst] of [
    [["live", "checking"], 1],
    [["connecting", "checking"], 0],
    [["connecting", "reconnecting"], 1],
    [["offline", "reconnecting"], 0],
    [["live", "failed"], 0],
    [["failed"], 0],
    [["live", "live"], 0],
    [["stopped", "live"], 1],
  ]) {
    const { page, feeds } = setup(...names);
    assert.equal(page.worst(), feeds[worst], names.join());
  }
  assert.equal(setup().page.worst(), null);
});

test("among live feeds it shows the one with a silent topic", () => {
  const { page, feeds } = setup("live", "live");
  feeds[1].hears("cpu", true);
  assert.equal(page.worst(), feeds[1]);
  assert.equal(page.verdict(), "stale");
  feeds[0].is("checking");
  assert.equal(page.worst(), feeds[0]);
  assert.equal(page.verdict(), "lost");
});

test("a topic is as good as the feeds that have brought it", () => {
  const { page, feeds } = setup("live", "reconnecting");
  feeds[0].hears("cpu", false);
  assert.equal(page.verdict("cpu"), "live");
  assert.equal(page.verdict("mem"), "lost", "whichever feed it may come from");
  feeds[1].hears("cpu", false);
  assert.equal(page.verdict("cpu"), "lost");
  feeds[1].is("live");
  feeds[1].hears("cpu", true);
  assert.equal(page.verdict("cpu"), "stale");
});

test("a topic that one feed does not follow is as good as the others say", () => {
  const { page, feeds } = setup("live", "live");
  feeds[0].topics.cpu = { lastEventAt: null, age: null, stale: true };
  assert.equal(page.verdict("cpu"), "live");
  feeds[1].topics.cpu = { lastEventAt: null, age: null, stale: true };
  assert.equal(page.verdict("cpu"), "stale", "none of them follows it");
  feeds[1].hears("cpu", false);
  assert.equal(page.verdict("cpu"), "live");
});

test("a closed feed leaves, unless it is the only one; it comes back when it is opened again", () => {
  const { page, feeds } = setup("live", "live");
  feeds[0].is("stopped");
  assert.deepEqual(page.feeds, [feeds[1]]);
  feeds[1].is("stopped");
  assert.deepEqual(page.feeds, [feeds[1]]);
  feeds[0].is("connecting");
  page.add(feeds[0]);
  assert.deepEqual(page.feeds, [feeds[0]]);
  page.add(feeds[0]);
  assert.deepEqual(page.feeds, [feeds[0]]);
});

test("a watcher that throws does not keep the others from a change in browsers without reportError", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { page, feeds } = setup("live");
  let calls = 0;
  page.watch(() => {
    throw new Error("a badge fails");
  });
  page.watch(() => calls++);
  feeds[0].is("checking");
  assert.equal(calls, 1);
  assert.throws(() => t.mock.timers.tick(1), /a badge fails/);
});

test("watchers hear of every change; one that throws does not keep the others from it", (t) => {
  const { page, feeds } = setup("live");
  let calls = 0;
  const reported = [];
  globalThis.reportError = (error) => reported.push(error.message);
  t.after(() => delete globalThis.reportError);
  page.watch(() => {
    throw new Error("a badge fails");
  });
  const end = page.watch(() => calls++);
  feeds[0].is("checking");
  feeds[0].hears("cpu", true);
  feeds[0].hears("cpu", false);
  const second = new FakeFeed();
  page.add(second);
  assert.equal(calls, 4);
  second.is("stopped");
  assert.equal(calls, 5);
  second.is("connecting");
  assert.equal(calls, 5, "it has left");
  end();
  feeds[0].is("live");
  assert.equal(calls, 5);
  assert.equal(reported.length, 6);
  assert.equal(reported[0], "a badge fails");
});

test("a copy of another version is told of once, with what to do", async (t) => {
  const warnings = [];
  t.mock.method(console, "warn", (text) => warnings.push(text));
  const own = registry().release;
  t.after(() => (registry().release = own));
  const same = await import("./registry.js?same");
  assert.equal(same.registry(), registry(), "it joins");
  assert.deepEqual(warnings, []);
  registry().release = "0.0.9";
  const other = await import("./registry.js?other");
  assert.equal(other.registry(), other.registry());
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], new RegExp(`two versions, 0\\.0\\.9 and ${own}.*Load one: .*npm ls wakesocket`));
});
