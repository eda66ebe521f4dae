import assert from "node:assert/strict";
import { test } from "node:test";
import { SnapshotStream } from "./snapshot.js";

/** A stream, and what it asks of its host, as lines. */
function setup({ after = "", random = 0.5, most, greeted = true } = {}) {
  const log = [];
  let now = 0;
  let due = -1;
  let number = 0;
  const stream = new SnapshotStream(
    {
      load: (call) => {
        number = call.number;
        log.push(`load ${call.reason}`);
      },
      abort: () => log.push("abort"),
      ask: () => log.push("ask"),
      resume: (at) => log.push(`resume ${at}`),
      give: ({ at, data, reason }) => log.push(`give ${at} ${data} ${reason}`),
      replay: (items) => log.push(...items.map(({ id }) => `event ${id}`)),
      deliver: ({ id }) => log.push(`event ${id}`),
      failed: ({ message, attempt, wait }) => log.push(`failed ${attempt} ${wait} ${message}`),
      changed: () => {},
      timer: (at) => (due = at),
    },
    after,
    () => now,
    () => random,
    most,
  );
  if (greeted) stream.greeted();
  const take = () => log.splice(0).filter((line) => line !== "abort");
  return {
    stream,
    log,
    take,
    /** A tick when the timer says, and at the end. */
    pass(ms) {
      for (const end = now + ms; ; ) {
        now = due >= 0 && due <= end ? Math.max(now, due) : end;
        if (now === end && !(due >= 0 && due <= end)) break;
        due = -1;
        stream.tick();
        if (now === end) break;
      }
      return take();
    },
    due: () => due,
    event: (id) => stream.event({ event: { id }, id, at: now }),
    answer: (value, of = number) => stream.loaded(of, value),
    fail: (text) => stream.failed(number, text, new Error(text)),
    number: () => number,
  };
}

const state = (at) => ({ at, data: "s" });
const gap = (reason, after = "e-5") => ({ after, earliest: "", reason });

/** A stream whose feed is live at e-5, and that has called for its first snapshot. */
function started(options) {
  const s = setup(options);
  s.stream.start();
  s.stream.moved("e-5");
  s.stream.status(true);
  assert.deepEqual(s.take(), ["load start"]);
  return s;
}

/** The same, with its snapshot. */
function given(options) {
  const s = started(options);
  s.answer(state("e-5"));
  assert.deepEqual(s.take(), ["give e-5 s start"]);
  return s;
}

test("events wait for the snapshot, and those that it includes fall away", () => {
  for (const [at, want] of [
    ["e-5", ["give e-5 s start", "event e-6", "event e-8"]],
    ["e-6", ["give e-6 s start", "event e-8"]],
    ["e-7", ["give e-7 s start", "event e-8"]],
    ["e-8", ["give e-8 s start"]],
  ]) {
    const s = started();
    s.event("e-6");
    s.event("e-8");
    assert.deepEqual(s.take(), []);
    assert.equal(s.stream.pending, true);
    s.answer(state(at));
    assert.deepEqual(s.take(), want);
    assert.equal(s.stream.pending, false);
    s.event("e-9");
    assert.deepEqual(s.take(), ["event e-9"]);
  }
});

test("with a cursor there is no snapshot at the start", () => {
  const s = setup({ after: "e-5" });
  s.stream.start();
  s.event("e-6");
  assert.deepEqual(s.take(), ["event e-6"]);
});

test("the feed goes back to a position before what it has", () => {
  const s = started();
  s.event("e-6");
  s.answer(state("e-4"));
  assert.deepEqual(s.take(), ["resume e-4"]);
  s.stream.status(false);
  s.event("e-5");
  assert.deepEqual(s.take(), ["give e-4 s start", "event e-5"]);
});

test("after going back, a live feed without events fits, too", () => {
  const s = started();
  s.answer(state("e-4"));
  s.stream.status(false);
  assert.deepEqual(s.take(), ["resume e-4"]);
  assert.equal(s.stream.pending, true);
  s.stream.status(true);
  assert.deepEqual(s.take(), ["give e-4 s start"]);
});

test("a position that the server cannot go on after is refused, and the page is not told of a gap", () => {
  for (const [reason, text] of [
    ["trimmed", 'its position "e-4" is older than the server\'s log; hand out newer states, or keep a longer log'],
    ["invalid", 'the server cannot go on after its position "e-4" (invalid); "at" must be a position of this feed, read before the state'],
  ]) {
    const s = started();
    s.answer(state("e-4"));
    s.take();
    assert.equal(s.stream.gap(gap(reason, "e-4")), false);
    assert.deepEqual(s.take(), [`failed 1 1000 ${text}`]);
    assert.equal(s.stream.failure, text);
    assert.equal(s.stream.attempt, 1);
    assert.deepEqual(s.pass(999), []);
    assert.deepEqual(s.pass(1), ["load start"]);
    s.stream.moved("e-9");
    s.event("e-10");
    s.answer(state("e-9"));
    assert.deepEqual(s.take(), ["give e-9 s start", "event e-10"]);
    assert.deepEqual([s.stream.failure, s.stream.attempt], ["", 0]);
  }
});

test("a snapshot of another epoch is refused at once, when the feed is live", () => {
  const s = started();
  s.answer(state("f-5"));
  assert.deepEqual(s.take(), [
    'failed 1 1000 its position "f-5" is none of this feed, which is at "e-5"; "at" must be read from the log of this feed, before the state',
  ]);
});

test("without a connection it may be the feed that is old", () => {
  const s = setup();
  s.stream.start();
  s.stream.moved("e-5");
  s.answer(state("f-5"));
  assert.deepEqual(s.take(), ["load start", "give f-5 s start"]); // old data is better than none
  assert.equal(s.stream.pending, true);
  s.stream.gap(gap("epoch"));
  assert.deepEqual(s.pass(1000), ["load epoch"]);
  s.stream.moved("f-5");
  s.answer(state("f-5"));
  assert.deepEqual(s.take(), ["give f-5 s epoch"]);
});

test("what was shown without a connection is not given twice", () => {
  const s = setup();
  s.stream.start();
  s.answer(state("e-5"));
  assert.deepEqual(s.take(), ["load start", "give e-5 s start"]);
  s.stream.moved("e-5");
  assert.deepEqual(s.take(), []);
  assert.equal(s.stream.pending, false);
});

test("a snapshot that is later than the feed waits for it", () => {
  const s = started();
  s.answer(state("e-7"));
  assert.deepEqual(s.take(), ["ask"]);
  s.event("e-6");
  assert.deepEqual(s.pass(999), []);
  s.event("e-7");
  s.event("e-8");
  assert.deepEqual(s.take(), ["give e-7 s start", "event e-8"]);
  assert.deepEqual(s.pass(10_000), []);
});

test("a feed of few topics tells its position when it is asked", () => {
  const s = started();
  s.answer(state("e-7"));
  s.stream.status(false); // the connection is being checked
  s.stream.status(true);
  s.stream.moved("e-9");
  assert.deepEqual(s.take(), ["ask", "give e-7 s start"]);
});

test("a feed that does not come to the position asks the server for it", () => {
  const s = started();
  s.answer(state("e-7"));
  assert.deepEqual(s.pass(1000), ["ask", "resume e-7"]);
  s.stream.gap(gap("future", "e-7"));
  assert.match(s.take()[0], /^failed 1 1000 the server cannot go on after its position "e-7" \(future\)/);
});

test("a feed without a position goes on after the snapshot's", () => {
  const s = setup({ greeted: false });
  s.stream.start();
  s.stream.status(true);
  s.answer(state("41"));
  assert.deepEqual(s.take(), ["load start", "resume 41"]);
  s.event("42");
  assert.deepEqual(s.take(), ["give 41 s start", "event 42"]);
});

test("ids without an order fit where they are equal", () => {
  for (const [at, want] of [
    ["a", ["give a s start", "event b", "event c"]],
    ["b", ["give b s start", "event c"]],
    ["c", ["give c s start"]],
    ["z", ["resume z"]],
  ]) {
    const s = setup({ greeted: false });
    s.stream.start();
    for (const id of ["a", "b", "c"]) s.event(id);
    s.stream.status(true);
    s.take();
    s.answer(state(at));
    assert.deepEqual(s.take(), want);
  }
});

test("events without an id stay between those that have one", () => {
  const s = started();
  for (const id of ["", "e-6", "", "e-7", ""]) s.event(id);
  s.answer(state("e-6"));
  assert.deepEqual(s.take(), ["give e-6 s start", "event ", "event e-7", "event "]);
});

test("moving without an event keeps what is held", () => {
  const s = started();
  s.event("e-6");
  s.stream.moved("e-9");
  s.answer(state("e-8"));
  assert.deepEqual(s.take(), ["give e-8 s start"]);
  const quiet = started();
  quiet.stream.moved("e-9");
  quiet.answer(state("e-7"));
  assert.deepEqual(quiet.take(), ["give e-7 s start"]);
});

for (const reason of ["trimmed", "epoch", "restarted", "skipped"]) {
  test(`a gap (${reason}) calls for a snapshot, once a second at most`, () => {
    const s = given();
    s.pass(1000);
    assert.equal(s.stream.gap(gap(reason)), true);
    assert.deepEqual(s.take(), [`load ${reason}`]);
    s.stream.gap(gap("epoch"));
    assert.deepEqual(s.take(), []);
    assert.equal(s.stream.failure, "");
    assert.deepEqual(s.pass(999), []);
    s.stream.moved("e-20");
    s.event("e-21");
    assert.deepEqual(s.pass(1), ["load epoch"]);
    s.event("e-22");
    s.answer(state("e-21"));
    assert.deepEqual(s.take(), ["give e-21 s epoch", "event e-22"]);
  });
}

test("a gap while loading makes the call worthless", () => {
  const s = started();
  const first = s.number();
  s.pass(2000);
  s.stream.gap(gap("trimmed"));
  assert.deepEqual(s.log, ["abort", "load trimmed"]);
  s.take();
  s.stream.moved("e-20");
  s.answer(state("e-20"), first);
  assert.deepEqual(s.take(), []);
  s.event("e-21");
  s.answer(state("e-19"));
  assert.deepEqual(s.take(), ["resume e-19"]);
});

test("what came before a gap does not count for what comes after it", () => {
  const s = started();
  s.pass(2000);
  s.event("e-6");
  s.stream.gap(gap("skipped"));
  s.event("e-9");
  s.take();
  s.answer(state("e-7"));
  assert.deepEqual(s.take(), ["resume e-7"]);
});

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
