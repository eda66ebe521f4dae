import assert from "node:assert/strict";
import { test } from "node:test";
import { Timer } from "./timer.js";

function setup(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const now = performance.now;
  const time = { now: 0, early: 0 };
  performance.now = () => time.now;
  t.after(() => (performance.now = now));
  let fired = 0;
  const timer = new Timer(() => fired++);
  const advance = (ms) => {
    time.now += ms;
    t.mock.timers.tick(ms);
  };
  return { timer, advance, time, tick: (ms) => t.mock.timers.tick(ms), fired: () => fired };
}

test("it fires once, at its time", (t) => {
  const { timer, advance, fired } = setup(t);
  timer.set(100);
  advance(99);
  assert.equal(fired(), 0);
  advance(1);
  assert.equal(fired(), 1);
  advance(1000);
  assert.equal(fired(), 1);
});

test("a new time replaces the old one, and a negative one clears", (t) => {
  const { timer, advance, fired } = setup(t);
  timer.set(100);
  timer.set(200);
  advance(150);
  assert.equal(fired(), 0);
  timer.set(-1);
  advance(1000);
  assert.equal(fired(), 0);
});

test("time 0 is a time, and the past is now", (t) => {
  const { timer, advance, fired } = setup(t);
  timer.set(0);
  advance(0);
  assert.equal(fired(), 1);
  advance(100);
  timer.set(50);
  advance(1);
  assert.equal(fired(), 2);
});

test("a timer of the browser that fires early does not fire it", (t) => {
  const { timer, advance, tick, fired, time } = setup(t);
  timer.set(100);
  time.now += 99.4;
  tick(100);
  assert.equal(fired(), 0);
  time.now += 0.6;
  tick(1);
  assert.equal(fired(), 1);
  advance(100);
  assert.equal(fired(), 1);
});

test("a time beyond what setTimeout accepts is waited for in pieces", (t) => {
  const { timer, fired, time, tick } = setup(t);
  const month = 30 * 24 * 3600 * 1000;
  timer.set(month);
  time.now = 2 ** 31 - 1;
  tick(2 ** 31 - 1);
  assert.equal(fired(), 0);
  time.now = month;
  tick(month - 2 ** 31 + 1);
  assert.equal(fired(), 1);
});
