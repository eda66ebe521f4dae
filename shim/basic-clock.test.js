// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { BasicClock } from "./basic-clock.js";

test("a timer that is more than two seconds late is a sleep, while the page is watched", () => {
  for (const [late, watched, slept] of /** @type {const} */ ([
    [2_000, true, 0],
    [2_001, true, 2_001],
    [9_000, false, 0],
  ])) {
    const clock = new BasicClock();
    clock.advance(1_000, 1_000, watched);
    clock.move(1_100, watched);
    assert.equal(clock.advance(1_100 + late, 1_100 + late, watched), slept);
  }
  const idle = new BasicClock();
  idle.advance(1_000, 1_000, true);
  assert.equal(idle.advance(9_000, 9_000, true), 0, "without a timer nothing is late");
});

test("what a timer is late by is reported once, also before it fires", () => {
  const clock = new BasicClock();
  clock.advance(1_000, 1_000, true);
  clock.move(1_100, true);
  assert.equal(clock.advance(9_100, 9_100, true), 8_000);
  clock.move(9_200, true);
  assert.equal(clock.advance(9_100, 9_100, true), 0);
  assert.equal(clock.advance(11_100, 11_100, true), 0);
  assert.equal(clock.advance(11_101, 11_101, true), 2_001, "it is late again");
});

test("a wall clock that runs ahead by more than two seconds is a sleep", () => {
  const clock = new BasicClock();
  clock.advance(1_000, 500_000, false);
  assert.equal(clock.advance(2_000, 501_000, false), 0);
  assert.equal(clock.advance(3_000, 504_000, false), 0, "two seconds are a correction of the clock");
  assert.equal(clock.advance(4_000, 507_001, false), 2_001);
  assert.equal(clock.advance(5_000, 508_001, false), 0, "it is reported once");
  assert.equal(clock.advance(6_000, 408_001, false), 0, "a clock set back is no sleep");
  assert.deepEqual([clock.mono, clock.wall], [6_000, 408_001]);
});

test("the timer is moved only to an earlier time, or after it has fired", () => {
  const clock = new BasicClock();
  assert.equal(clock.move(Infinity, false), undefined, "there is none");
  assert.deepEqual(clock.move(0, false), { type: "timer", at: 0, every: 0 });
  assert.equal(clock.move(0, false), undefined);
  assert.equal(clock.move(5, false), undefined, "it comes early enough");
  clock.fired();
  assert.deepEqual(clock.move(5, false), { type: "timer", at: 5, every: 0 });
  assert.deepEqual(clock.move(4, false), { type: "timer", at: 4, every: 0 });
  assert.deepEqual(clock.move(Infinity, false), { type: "timer", at: -1, every: 0 });
  assert.equal(clock.move(Infinity, false), undefined);
});

test("a page that is watched looks at its clocks twice a second", () => {
  const clock = new BasicClock();
  clock.advance(1_000, 1_000, false);
  assert.deepEqual(clock.move(Infinity, true), { type: "timer", at: 1_500, every: 0 });
  assert.deepEqual(clock.move(1_200, true), { type: "timer", at: 1_200, every: 0 });
});
