import assert from "node:assert/strict";
import { test } from "node:test";
import { Conflation } from "./conflation.js";

/** A page on the test's clock that wants the newest prices, and every event of the others. */
function setup(t, rules = { "price.*": 100, "price.all": 0, "price.slow.*": 1000 }) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 0 });
  t.mock.method(performance, "now", () => Date.now());
  const log = [];
  const conflation = new Conflation((event, at) =>
    log.push(`${Date.now()}: ${event.topic} ${event.id}${event.skipped ? ` skipped ${event.skipped}` : ""} of ${at}`),
  );
  conflation.set(new Map(Object.entries(rules)));
  conflation.live(true);
  return { conflation, log, send: (topic, id, more) => conflation.event({ topic, id, ...more }, Date.now()), tick: (ms) => t.mock.timers.tick(ms) };
}

test("the newest comes at its time, with how many were passed over", (t) => {
  const { log, send, tick } = setup(t);
  send("price.a", 1);
  assert.deepEqual(log.splice(0), ["0: price.a 1 of 0"]);
  tick(10);
  for (const id of [2, 3, 4]) send("price.a", id);
  send("price.b", 5);
  assert.deepEqual(log.splice(0), ["10: price.b 5 of 10"]);
  tick(89);
  assert.deepEqual(log, []);
  tick(1);
  assert.deepEqual(log.splice(0), ["100: price.a 4 skipped 2 of 10"]);
  tick(50);
  send("price.a", 6);
  tick(49);
  assert.deepEqual(log, []);
  tick(1);
  assert.deepEqual(log.splice(0), ["200: price.a 6 of 150"]);
  tick(100);
  send("price.a", 7);
  assert.deepEqual(log, ["300: price.a 7 of 300"]);
});

test("other topics, and earlier events that were asked for, come at once", (t) => {
  const { log, send } = setup(t);
  for (const id of [1, 2]) for (const topic of ["cpu", "price.all", undefined, "price"]) send(topic, id);
  for (const id of [3, 4]) send("price.a", id, { history: true });
  assert.equal(log.length, 10);
});

test("the most specific name decides", (t) => {
  const { log, send, tick } = setup(t);
  for (const id of [1, 2, 3]) for (const topic of ["price.x", "price.slow.x"]) send(topic, id);
  tick(100);
  assert.deepEqual(log.splice(0), ["0: price.x 1 of 0", "0: price.slow.x 1 of 0", "100: price.x 3 skipped 1 of 0"]);
  tick(900);
  assert.deepEqual(log, ["1000: price.slow.x 3 skipped 1 of 0"]);
});

test("of a replay only the newest come, at its end", (t) => {
  const { conflation, log, send, tick } = setup(t);
  send("price.a", 0);
  tick(1000);
  conflation.live(false);
  for (let id = 1; id <= 500; id++) send(`price.${id % 2 ? "a" : "b"}`, id);
  assert.deepEqual(log.splice(0), ["0: price.a 0 of 0"]);
  conflation.live(true);
  assert.deepEqual(log.splice(0), ["1000: price.a 499 skipped 249 of 1000", "1000: price.b 500 skipped 249 of 1000"]);
  send("price.a", 501);
  tick(100);
  assert.deepEqual(log.splice(0), ["1100: price.a 501 of 1000"]);
  conflation.live(false);
  send("price.a", 502);
  send("price.a", 503);
  tick(100);
  assert.deepEqual(log, ["1200: price.a 503 skipped 1 of 1100"], "a replay that takes long is shown as it comes");
});

test("rules that change lose nothing that waits", (t) => {
  const { conflation, log, send, tick } = setup(t);
  const burst = (from) => {
    for (const id of [from, from + 1, from + 2]) send("price.a", id);
    return log.splice(0).length;
  };
  assert.equal(burst(1), 1);
  conflation.add(new Map([["price.a", 0]]));
  assert.deepEqual(log.splice(0), ["0: price.a 3 skipped 1 of 0"]);
  assert.equal(burst(4), 3);
  conflation.remove(["price.a"]);
  assert.equal(burst(7), 1, "the pattern counts again");
  conflation.add(
    new Map([
      ["cpu", 0],
      ["price.a", 40],
    ]),
  );
  assert.deepEqual(log, []);
  tick(100);
  assert.deepEqual(log.splice(0), ["100: price.a 9 skipped 1 of 0"]);
  send("price.a", 10);
  tick(40);
  assert.deepEqual(log.splice(0), ["140: price.a 10 of 100"]);
  send("price.a", 11);
  conflation.set(new Map());
  assert.deepEqual(log.splice(0), ["140: price.a 11 of 140"]);
  assert.equal(burst(12), 3);
});

test("a flush shows what waits, once", (t) => {
  const { conflation, log, send, tick } = setup(t);
  for (const id of [1, 2, 3]) send("price.a", id);
  conflation.flush();
  conflation.flush();
  tick(1000);
  assert.deepEqual(log, ["0: price.a 1 of 0", "0: price.a 3 skipped 1 of 0"]);
});

// Whatever comes: never an older one after a newer, at most one in a while, the newest
// in the end, and what was shown and what was passed over is all that came.
test("random events, sleeps and changes", (t) => {
  let seed = 7;
  const random = (n) => (seed = (seed * 48271) % 0x7fffffff) % n;
  const every = 100;
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 0 });
  t.mock.method(performance, "now", () => Date.now());
  const topics = Array.from({ length: 20 }, () => ({ sent: 0, shown: 0, passed: 0, newest: 0, at: -every, flushed: false }));
  const conflation = new Conflation(({ topic, id, skipped = 0 }) => {
    const known = topics[Number(topic.slice(6))];
    assert.ok(id > known.newest, "an older one after a newer one");
    assert.ok(known.flushed || Date.now() - known.at >= every, `${topic} after ${Date.now() - known.at} ms`);
    Object.assign(known, { shown: known.shown + 1, passed: known.passed + skipped, newest: id, at: Date.now(), flushed: false });
  });
  conflation.set(new Map([["price.*", every]]));
  const flushed = (act) => {
    for (const topic of topics) topic.flushed = true; // may come before its time, once
    act();
    for (const topic of topics) topic.flushed = false;
  };
  let live = false;
  for (let step = 0; step < 20_000; step++) {
    const what = random(100);
    if (what < 80) {
      const topic = random(20);
      topics[topic].sent++;
      topics[topic].last = step + 1;
      conflation.event({ topic: `price.${topic}`, id: step + 1 }, Date.now());
    }
    if (what >= 80 && what < 97) t.mock.timers.tick(random(40));
    if (what >= 97 && what < 99) flushed(() => conflation.live((live = !live)));
    if (what === 99) flushed(() => conflation.flush());
  }
  flushed(() => conflation.flush());
  for (const { sent, shown, passed, newest, last } of topics) {
    assert.equal(shown + passed, sent);
    assert.equal(newest, last);
    assert.ok(shown > 50 && passed > 50);
  }
});
