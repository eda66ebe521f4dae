import assert from "node:assert/strict";
import { test } from "node:test";
import { RateLimiter } from "./rate-limiter.js";

function clock(t) {
  const now = performance.now;
  t.after(() => (performance.now = now));
  const clock = { now: 5000 };
  performance.now = () => clock.now;
  return clock;
}

test("half of the burst at once, and then nine tenths of the rate", (t) => {
  const time = clock(t);
  const limiter = new RateLimiter(10, 8);
  assert.deepEqual(
    [0, 0, 0, 0].map(() => limiter.take()),
    [0, 0, 0, 0],
  );
  assert.equal(limiter.take(), 112);
  time.now += 111;
  assert.equal(limiter.take(), 1);
  time.now += 1;
  assert.equal(limiter.take(), 0);
  assert.equal(limiter.take() > 100, true);
});

test("a rest fills the bucket, and does not overfill it", (t) => {
  const time = clock(t);
  const limiter = new RateLimiter(10, 4);
  limiter.take();
  limiter.take();
  time.now += 1_000_000;
  assert.deepEqual([limiter.take(), limiter.take()], [0, 0]);
  assert.ok(limiter.take() > 0);
});

test("the smallest burst is one", (t) => {
  clock(t);
  const limiter = new RateLimiter(1, 1);
  assert.equal(limiter.take(), 0);
  assert.equal(limiter.take(), 1112);
});

test("without a limit nothing waits", (t) => {
  clock(t);
  const limiter = new RateLimiter(Infinity, Infinity);
  for (let i = 0; i < 1000; i++) assert.equal(limiter.take(), 0);
});

test("a burst without a rate, and a rate without a burst", (t) => {
  clock(t);
  const limiter = new RateLimiter(10, Infinity);
  for (let i = 0; i < 1000; i++) assert.equal(limiter.take(), 0);
  const other = new RateLimiter(Infinity, 2);
  for (let i = 0; i < 1000; i++) assert.equal(other.take(), 0);
});
