import assert from "node:assert/strict";
import { test } from "node:test";
import { clocks } from "./testing/clocks.js";
import { PageClock } from "./page-clock.js";

test("time goes on with performance.now(), whatever the wall clock does", (t) => {
  const time = clocks(t);
  const clock = new PageClock();
  const start = clock.now();
  time.pass(1000);
  time.setWall(-3_600_000);
  time.pass(500);
  assert.equal(clock.now() - start, 1500);
  time.setWall(3_600_000);
  assert.equal(clock.now() - start, 1500);
});

test("a jump ahead is a sleep when the connection is gone after it", (t) => {
  const time = clocks(t);
  const clock = new PageClock();
  const start = clock.now();
  time.setWall(180_000);
  assert.equal(clock.now() - start, 0, "not before anything is known");
  clock.explain(true);
  assert.equal(clock.now() - start, 180_000);
  clock.explain(true);
  assert.equal(clock.now() - start, 180_000, "one jump counts once");
});

test("a jump ahead is a clock that was set when the connection answers", (t) => {
  const time = clocks(t);
  const clock = new PageClock();
  const start = clock.now();
  time.setWall(180_000);
  clock.explain(false);
  clock.explain(true);
  assert.equal(clock.now() - start, 0);
});

test("a clock that was set ahead and back is no sleep", (t) => {
  const time = clocks(t);
  const clock = new PageClock();
  const start = clock.now();
  time.setWall(3_600_000);
  clock.now();
  time.setWall(-3_599_000);
  clock.explain(true);
  assert.equal(clock.now() - start, 1000);
});

test("steps of 2 s and less are no jump, each for itself", (t) => {
  const time = clocks(t);
  const clock = new PageClock();
  const start = clock.now();
  time.setWall(2000);
  clock.now();
  time.setWall(2000);
  clock.explain(true);
  assert.equal(clock.now() - start, 0);
  time.setWall(2001);
  clock.explain(true);
  assert.equal(clock.now() - start, 2001);
});

test("a sleep that another clock has not seen was none", (t) => {
  const time = clocks(t);
  const clock = new PageClock();
  const start = clock.now();
  time.setWall(100_000);
  clock.explain(true);
  clock.verify(50_000);
  assert.equal(clock.now() - start, 100_000, "half of it or less is not enough");
  clock.verify(100_000);
  assert.equal(clock.now() - start, 100_000, "it was verified once");
  time.setWall(100_000);
  clock.explain(true);
  clock.verify(50_001);
  assert.equal(clock.now() - start, 100_000);
  clock.verify(1e9);
  assert.equal(clock.now() - start, 100_000);
});
