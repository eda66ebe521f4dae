import assert from "node:assert/strict";
import { test } from "node:test";
import { gap, given, setup, started, state } from "./testing/snapshot-stream.js";

test("waits double, with jitter, and each call gets more time", () => {
  for (const [random, waits] of [
    [0, [1000, 1000, 2000, 4000, 8000, 15_000, 15_000]],
    [0.999999, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]],
  ]) {
    const s = started({ random });
    const got = [];
    const limits = [10, 20, 40, 60, 60, 60, 60];
    for (const [i, limit] of limits.entries()) {
      assert.deepEqual(s.pass(limit * 1000 - 1), []);
      const [line] = s.pass(1);
      assert.match(line, new RegExp(`^failed ${i + 1} \\d+ it did not come within ${limit} s; the next call gets more time`));
      assert.ok(s.log.length === 0);
      const wait = Number(line.split(" ")[2]);
      got.push(wait);
      assert.equal(s.stream.retryAt, s.due());
      assert.deepEqual(s.pass(wait - 1), []);
      assert.deepEqual(s.pass(1), ["load start"]);
      assert.equal(s.stream.retryAt, Infinity);
    }
    assert.deepEqual(got, waits);
  }
});

test("a late answer does not count", () => {
  const s = started();
  const first = s.number();
  s.pass(10_000);
  s.answer(state("e-5"), first);
  assert.equal(s.stream.pending, true);
  s.pass(1000);
  s.answer(state("e-5"), first);
  assert.equal(s.stream.pending, true);
  s.stream.failed(first, "late", undefined);
  assert.equal(s.stream.attempt, 1);
});

for (const value of [undefined, null, 7, "e-5", {}, { data: 1 }, { at: 5, data: 1 }, { at: "", data: 1 }, { at: null }]) {
  test(`no position: ${JSON.stringify(value)}`, () => {
    const s = started();
    s.answer(value);
    assert.deepEqual(s.take(), [
      'failed 1 1000 it resolved without a position; resolve { at, data }, where "at" is the text of the position that the server read before the state',
    ]);
    assert.equal(s.stream.pending, true);
    assert.deepEqual(s.pass(1000), ["load start"]);
  });
}

test("a call that fails is made again, and the events meanwhile count", () => {
  const s = started();
  s.fail("503");
  assert.deepEqual(s.take(), ["failed 1 1000 503"]);
  s.event("e-6");
  assert.deepEqual(s.pass(1000), ["load start"]);
  s.event("e-7");
  s.answer(state("e-6"));
  assert.deepEqual(s.take(), ["give e-6 s start", "event e-7"]);
});

for (const [what, most, ids] of [
  ["events", { events: 2, bytes: 1000 }, ["e-6", "e-7", "e-8"]],
  ["bytes", { events: 10, bytes: 40 }, ["e-6", "e-7", "e-8", "e-9"]], // {"id":"e-6"} has 12
]) {
  test(`too many ${what} begin again, and then the feed goes back instead of holding`, () => {
    const s = started({ most });
    s.pass(1000);
    for (const id of ids.slice(0, -1)) s.event(id);
    assert.deepEqual(s.take(), []);
    s.event(ids.at(-1));
    assert.deepEqual(s.log, ["abort", "load overflow"]);
    s.take();
    for (let n = 10; n < 20; n++) s.event(`e-${n}`);
    assert.deepEqual(s.take(), []);
    s.answer(state("e-18"));
    assert.deepEqual(s.take(), ["resume e-18"]);
    s.event("e-19");
    assert.deepEqual(s.take(), ["give e-18 s overflow", "event e-19"]);
  });
}

test("after an overflow, a snapshot of the newest position fits at once", () => {
  const s = started({ most: { events: 1, bytes: 1000 } });
  s.pass(1000);
  for (const id of ["e-6", "e-7", "e-8"]) s.event(id);
  s.take();
  s.answer(state("e-8"));
  s.event("e-9");
  assert.deepEqual(s.take(), ["give e-8 s overflow", "event e-9"]);
});

test("too many events while the snapshot waits for a connection cost no second call", () => {
  const s = started({ most: { events: 1, bytes: 1000 } });
  s.stream.status(false);
  s.answer(state("e-4"));
  for (const id of ["e-6", "e-7", "e-8"]) s.event(id);
  assert.deepEqual(s.take(), ["give e-4 s start"]);
  s.stream.status(true);
  assert.deepEqual(s.take(), ["resume e-4"]);
});

test("a stop ends all, and a start goes on with what is lacking", () => {
  const s = started();
  s.event("e-6");
  s.stream.stop(false);
  assert.deepEqual(s.log, ["abort"]);
  s.take();
  s.answer(state("e-6"));
  assert.deepEqual(s.pass(100_000), []);
  s.stream.start();
  assert.deepEqual(s.take(), ["load start"]);
  s.stream.status(true);
  s.answer(state("e-5")); // what was held is gone
  assert.deepEqual(s.take(), ["resume e-5"]);
});

test("a stop of a feed that has all", () => {
  for (const [lost, want] of [
    [false, []],
    [true, ["load start"]],
  ]) {
    const s = given();
    s.pass(1000);
    s.stream.stop(lost);
    s.stream.start();
    assert.deepEqual(s.take(), want);
  }
  const s = given();
  s.pass(1000);
  s.stream.stop(false);
  s.stream.gap(gap("trimmed"));
  assert.deepEqual(s.take(), []);
  s.stream.start();
  assert.deepEqual(s.take(), ["load trimmed"]);
});

test("the page asks for another snapshot", () => {
  const s = given();
  s.pass(1000);
  s.stream.request();
  assert.deepEqual(s.take(), ["load request"]);
  s.stream.request();
  s.stream.start();
  assert.deepEqual(s.take(), []);
  s.event("e-6");
  s.answer(state("e-5"));
  assert.deepEqual(s.take(), ["give e-5 s request", "event e-6"]);
});

test("a snapshot that was shown without a connection can be asked for again", () => {
  const s = setup();
  s.stream.start();
  s.answer(state("e-5"));
  s.pass(1000);
  s.stream.request();
  assert.deepEqual(s.take(), ["load request"]);
});

test("who does not want to wait makes the next call come sooner, but a second after the last", () => {
  const s = started({ random: 0.999 });
  s.fail("503");
  s.pass(1000);
  s.fail("503");
  s.take();
  s.stream.hurry();
  assert.deepEqual(s.take(), []);
  assert.deepEqual(s.pass(999), []);
  assert.deepEqual(s.pass(1), ["load start"]);
  s.pass(500);
  s.fail("503");
  s.pass(500);
  s.take();
  s.stream.request();
  assert.deepEqual(s.take(), ["load start"]);
  s.stream.hurry();
  assert.deepEqual(s.take(), []);
});
