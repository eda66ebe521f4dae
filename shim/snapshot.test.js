import assert from "node:assert/strict";
import { test } from "node:test";
import { gap, given, setup, started, state } from "./testing/snapshot-stream.js";

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

test("of a server that chooses, newest events come from the snapshot on", () => {
  const s = started({ chooses: true });
  s.newest("e-6");
  s.event("e-6");
  s.answer(state("e-6"));
  assert.deepEqual([s.take(), s.stream.passesOver], [["resume e-6"], false]);
  s.stream.status(false);
  s.newest("e-8");
  s.event("e-7");
  s.newest("e-9");
  assert.deepEqual(s.take(), ["give e-6 s start", "event e-8", "event e-7", "event e-9"]);
  s.stream.gap(gap("trimmed"));
  s.newest("e-10");
  s.pass(1000);
  s.stream.moved("e-8");
  s.stream.status(true);
  s.answer(state("e-9"));
  s.newest("e-11");
  assert.deepEqual([s.take(), s.stream.passesOver], [["ask"], true]);
  s.stream.moved("e-9");
  assert.deepEqual(s.take(), ["resume e-9"]);
  s.stream.status(true);
  s.newest("e-12");
  assert.deepEqual([s.take(), s.stream.pending], [["give e-9 s trimmed", "event e-12"], false]);
});
