import assert from "node:assert/strict";
import { test } from "node:test";
import { Watch } from "./watch.js";

/** A watch whose ticks are counted, and a session that notes what it is told. */
function setup(t) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const time = { mono: 1000, wall: 1_800_000_000_000 };
  t.mock.method(performance, "now", () => time.mono);
  t.mock.method(Date, "now", () => time.wall);
  const start = { ...time };
  const steps = [];
  let ticks = 0;
  const since = (at) => at && [at.mono - start.mono, at.wall - start.wall];
  const session = { step: (input, at, look) => (steps.push([input.type, since(at), since(look)]), ["effects"]) };
  const watch = new Watch(() => ticks++);
  return {
    watch,
    steps,
    step: (type) => watch.step(session, { type }),
    /** Timers fire in time. */
    pass(ms) {
      for (let i = 0; i < ms; i++) {
        time.mono++;
        time.wall++;
        t.mock.timers.tick(1);
      }
    },
    /** The page is stopped, or the machine, on these clocks. */
    stop(mono, wall) {
      time.mono += mono;
      time.wall += wall;
    },
    ticks: () => ticks,
  };
}

test("an input comes with its moment, and with the last look since the one before", (t) => {
  const { watch, step, steps, pass, ticks } = setup(t);
  watch.set(-1, 500);
  assert.deepEqual(step("start"), ["effects"]);
  pass(499);
  step("wake");
  pass(1000);
  step("pong");
  pass(1);
  step("frame");
  assert.deepEqual(steps, [
    ["start", [0, 0], undefined],
    ["wake", [499, 499], undefined],
    ["pong", [1499, 1499], [1000, 1000]],
    ["frame", [1500, 1500], [1500, 1500]],
  ]);
  pass(1);
  step("frame");
  assert.deepEqual(steps.at(-1), ["frame", [1501, 1501], undefined]);
  assert.equal(ticks(), 0);
});

test("the time that is asked for comes, once, whatever the looks do", (t) => {
  const { watch, pass, ticks } = setup(t);
  watch.set(1000 + 1700, 500);
  pass(1699);
  assert.equal(ticks(), 0);
  pass(1);
  assert.equal(ticks(), 1);
  pass(3000);
  assert.equal(ticks(), 1);
  watch.set(-1, 500);
  pass(10_000);
  assert.equal(ticks(), 1);
});

test("a look does not stand for the time that is asked for, whichever timer is first", (t) => {
  for (const late of [0, 1, 50]) {
    const { watch, step, steps, pass, stop, ticks } = setup(t);
    watch.set(-1, 500);
    pass(400);
    watch.set(1000 + 500, 500);
    pass(99);
    stop(late, late);
    pass(1);
    assert.equal(ticks(), 1);
    step("tick");
    assert.deepEqual(steps, [["tick", [500 + late, 500 + late], undefined]]);
    watch.set(1000 + 10_000, 500);
    pass(500);
    step("frame");
    assert.deepEqual(steps.at(-1)[2], [1000 + late, 1000 + late], "the looks go on");
    t.mock.reset();
    t.mock.timers.reset();
  }
});

test("without looks, only the time counts", (t) => {
  const { watch, step, steps, pass, stop, ticks } = setup(t);
  watch.set(1000 + 60_000, 0);
  stop(0, 10_000);
  pass(2000);
  step("wake");
  assert.deepEqual(steps, [["wake", [2000, 12_000], undefined]]);
  assert.equal(ticks(), 0);
  watch.set(-1, 500);
  pass(500);
  assert.equal(ticks(), 0, "the looks begin when they are asked for");
  watch.set(-1, 0);
  stop(0, 10_000);
  pass(2000);
  assert.equal(ticks(), 0, "and end so");
});

for (const [name, mono, wall, ticked] of [
  ["a look in time", 0, 0, false],
  ["a look that is a little late", 100, 100, false],
  ["a look that is late", 101, 101, true],
  ["a little sleep", 0, 100, false],
  ["a sleep", 0, 101, true],
  ["a clock that is set back a little", 0, -100, false],
  ["a clock that is set back", 0, -101, true],
])
  test(`${name} ${ticked ? "is for the session to judge" : "is not told"}`, (t) => {
    const { watch, step, steps, pass, stop, ticks } = setup(t);
    watch.set(-1, 500);
    pass(1250);
    stop(mono, wall);
    pass(250);
    assert.equal(ticks(), ticked ? 1 : 0);
    step("tick");
    assert.deepEqual(steps, [["tick", [1500 + mono, 1500 + wall], ticked ? [1000, 1000] : [1500 + mono, 1500 + wall]]]);
    pass(500);
    assert.equal(ticks(), ticked ? 1 : 0, "the next look compares with the last input");
  });

test("what an input has told already is no news to the next look", (t) => {
  const { watch, step, pass, stop, ticks } = setup(t);
  watch.set(-1, 500);
  pass(250);
  stop(0, 60_000);
  step("wake");
  pass(250);
  assert.equal(ticks(), 0);
});

test("another time leaves the looks as they are", (t) => {
  const { watch, pass, step, steps } = setup(t);
  watch.set(-1, 500);
  pass(400);
  watch.set(1000 + 9000, 500);
  pass(100);
  step("frame");
  assert.deepEqual(steps.at(-1), ["frame", [500, 500], [500, 500]]);
});
