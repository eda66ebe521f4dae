import assert from "node:assert/strict";
import { test } from "node:test";
import "./testing/wasm-exec.js";
import { registry } from "./registry.js";
import { FakeFeed } from "./testing/dom.js";

const { connectionKey, eventsStore, snapshotStore, staleStore, stateStore, topicStore, unconnected } = await import("./stores.js");
const { Subscribers } = await import("./subscribers.js");

class Feed extends FakeFeed {
  #subscribers = new Subscribers();
  subscribe(topic, callback) {
    return typeof topic === "function" ? this.#subscribers.add(undefined, topic) : this.#subscribers.add(topic, callback);
  }
  event(topic, data, more) {
    this.#subscribers.call({ topic, data, ...more });
  }
}

/** Subscribes; the values that were seen at each change. */
function seen(store) {
  const values = [];
  return { values, end: store.subscribe(() => values.push(store.get())) };
}

test("a connection is another one with another url or option, not with another function", () => {
  assert.equal(connectionKey(null), null);
  assert.equal(connectionKey(undefined, {}), null);
  const same = [
    ["/feed", { topics: ["a"], onState() {} }],
    ["/feed", { topics: ["a"], onState: () => {} }],
    ["/feed", { topics: ["a"] }],
  ].map((args) => connectionKey(...args));
  assert.equal(new Set(same).size, 1);
  assert.equal(
    connectionKey(() => "/a"),
    connectionKey(() => "/b"),
  );
  assert.equal(connectionKey(new URL("ws://h/feed")), connectionKey("ws://h/feed"));
  const others = ["/feed", "/other", () => ""].map((url) => connectionKey(url));
  assert.equal(new Set([...others, ...same, connectionKey("/feed", { topics: ["b"] })]).size, 5);
  // A feed with a snapshot, or whose errors are not for the console, is another one.
  const plain = connectionKey("/feed", {});
  for (const name of ["snapshot", "onError"]) {
    const [key, again] = [1, 2].map((n) => connectionKey("/feed", { [name]: () => n }));
    assert.notEqual(key, plain, name);
    assert.equal(key, again, name);
    assert.equal(connectionKey("/feed", { [name]: undefined }), plain, name);
  }
});

for (const [name, make, values] of [
  ["events", (feed) => eventsStore(feed), (value) => value.map(({ data }) => data)],
  ["snapshot", (feed) => snapshotStore(feed, (all, { data }) => [...all, data]), (value) => value],
]) {
  test(`${name}: an event counts once, however many subscribe`, (t) => {
    const reported = [];
    const { reportError } = globalThis;
    globalThis.reportError = (thrown) => reported.push(thrown);
    t.after(() => (globalThis.reportError = reportError));
    const feed = Object.assign(new Feed(), { cursor: "", reloads: 0, reloadSnapshot: () => feed.reloads++ });
    const store = make(feed);
    const first = seen(store);
    const failing = store.subscribe(() => {
      throw "a subscriber";
    });
    const second = seen(store);
    feed.dispatchEvent(new CustomEvent("snapshot", { detail: { data: [] } }));
    feed.event("cpu", 1);
    feed.event("cpu", 2);
    assert.deepEqual(values(store.get()), [1, 2]);
    assert.deepEqual(
      [first, second].map((one) => values(one.values.at(-1))),
      [
        [1, 2],
        [1, 2],
      ],
    );
    assert.ok(reported.length >= 2, "who fails keeps no other from hearing of it");
    failing();
    first.end();
    first.end(); // twice is once
    feed.event("cpu", 3);
    assert.deepEqual(values(second.values.at(-1)), [1, 2, 3]);
    second.end();
    feed.event("cpu", 4);
    assert.deepEqual(values(store.get()), [1, 2, 3]);
    assert.equal(feed.reloads, 0);
    const later = seen(store);
    feed.dispatchEvent(new CustomEvent("snapshot", { detail: { data: [1, 2, 3] } }));
    feed.event("cpu", 5);
    assert.deepEqual(values(later.values.at(-1)), [1, 2, 3, 5]);
  });
}

test("the newest event of a topic", () => {
  const feed = new Feed();
  const store = topicStore(feed, "cpu");
  const { values, end } = seen(store);
  assert.equal(store.get(), undefined);
  feed.event("mem", 1);
  feed.event("cpu", 2);
  feed.event("cpu", 3);
  assert.deepEqual(
    values.map(({ data }) => data),
    [2, 3],
  );
  end();
  feed.event("cpu", 4);
  assert.equal(store.get().data, 3);
});

for (const [limit, topic, want] of [
  [undefined, undefined, [1, 2, 3]],
  [2, undefined, [2, 3]],
  [1, undefined, [3]],
  [2, "cpu", [1, 3]],
]) {
  test(`the newest events: limit ${limit}, topic ${topic}`, () => {
    const feed = new Feed();
    const store = eventsStore(feed, topic, { limit });
    const before = store.get();
    assert.deepEqual(before, []);
    const { values, end } = seen(store);
    feed.event("cpu", 1);
    feed.event("mem", 2);
    feed.event("cpu", 3);
    assert.deepEqual(
      store.get().map(({ data }) => data),
      want,
    );
    assert.notEqual(store.get(), values[0], "a list is replaced, not changed");
    end();
    feed.event("cpu", 4);
    assert.deepEqual(
      store.get().map(({ data }) => data),
      want,
    );
  });
}

test("the newest events are 100 unless said otherwise", () => {
  const feed = new Feed();
  const store = eventsStore(feed);
  seen(store);
  for (let n = 1; n <= 101; n++) feed.event("cpu", n);
  assert.deepEqual([store.get().length, store.get()[0].data], [100, 2]);
});

test("without a feed there is nothing to see", () => {
  for (const [store, value] of [
    [topicStore(null, "cpu"), undefined],
    [eventsStore(null), []],
    [snapshotStore(null, () => 1), undefined],
    [stateStore(null), unconnected],
  ]) {
    const { values, end } = seen(store);
    assert.deepEqual(store.get(), value);
    end();
    assert.deepEqual(values, []);
  }
});

test("the state that a reducer makes of a snapshot and its events", () => {
  const feed = Object.assign(new Feed(), { cursor: "", reloads: 0, reloadSnapshot: () => feed.reloads++ });
  const give = (data) => feed.dispatchEvent(new CustomEvent("snapshot", { detail: { data } }));
  const store = snapshotStore(feed, (sum, { data }) => sum + data);
  const { values, end } = seen(store);
  feed.event("cpu", 1); // of no snapshot
  assert.deepEqual([store.get(), values, feed.reloads], [undefined, [], 0]);
  give(10);
  feed.event("cpu", 2);
  feed.event("mem", 3);
  give(20);
  feed.event("cpu", 4);
  feed.event("cpu", 100, { history: true });
  assert.deepEqual(values, [10, 12, 15, 20, 24]);
  end();
  give(30);
  feed.event("cpu", 5);
  assert.equal(store.get(), 24);
  // Who comes later does not know what the feed gave before.
  feed.cursor = "e-7";
  const later = seen(store);
  assert.equal(feed.reloads, 1);
  feed.event("cpu", 6);
  assert.equal(store.get(), 24);
  give(40);
  feed.event("cpu", 7);
  assert.deepEqual(later.values, [40, 47]);
});

test("the state of one feed, and of the page's worst", () => {
  assert.equal(stateStore(undefined).get(), unconnected);
  const [good, bad] = [new Feed(), new Feed()];
  registry().add(good);
  registry().add(bad);
  const own = stateStore(good);
  const page = stateStore(undefined);
  const [ofOwn, ofPage] = [seen(own), seen(page)];
  good.is("live");
  bad.is("reconnecting");
  assert.deepEqual([own.get().name, page.get().name], ["live", "reconnecting"]);
  assert.deepEqual([ofOwn.values.length, ofPage.values.length], [1, 2]);
  good.hears("cpu", false);
  assert.equal(ofOwn.values.length, 2);
  ofOwn.end();
  ofPage.end();
  bad.is("live");
  good.is("checking");
  assert.deepEqual([ofOwn.values.length, ofPage.values.length], [2, 3]);
  good.is("live");

  const stale = staleStore("cpu");
  assert.equal(stale.get(), true, "until it is known");
  const marks = seen(stale);
  assert.equal(stale.get(), false);
  good.hears("cpu", true);
  assert.equal(stale.get(), true);
  assert.equal(staleStore().get(), true);
  good.hears("cpu", false);
  assert.deepEqual(marks.values, [false, true, false]);
  marks.end();
  good.hears("cpu", true);
  assert.equal(stale.get(), false);
});

for (const [use, message] of [
  [() => topicStore("/feed", "cpu"), /useTopic\(feed, topic\): feed must be what useFeed\(\) or connect\(\) returned, not the text "\/feed"/],
  [() => topicStore(7, "cpu"), /not a value of type number/],
  [() => topicStore(new Feed()), /topic must be a string, not undefined; for all topics see useEvents\(feed\)/],
  [() => eventsStore({}, "cpu"), /useEvents.*not a value of type object/],
  [() => eventsStore(new Feed(), "cpu", { limit: 0 }), /limit must be a number of events, not 0/],
  [() => snapshotStore("live", () => 1), /useSnapshot\(feed, reducer\): feed must be/],
  [() => snapshotStore(new Feed(), "sum"), /useSnapshot\(feed, reducer\): reducer must be a function, not string/],
  [() => stateStore("live"), /useConnectionState\(feed\): feed must be/],
  [() => staleStore(new Feed()), /useStale\(topic\): topic must be a string, or left out/],
]) {
  test(`wrong use says what to do: ${message}`, () => assert.throws(use, message));
}
