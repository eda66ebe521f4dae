import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineLoader } from "./engine-loader.js";
import { WakesocketError } from "./error.js";

/** A loader on a clock of the test, whose tries end when the test says so. */
function setup(t, { random = 1 } = {}) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1000 });
  const now = performance.now;
  performance.now = () => Date.now() - 1000;
  t.after(() => (performance.now = now));
  const log = [];
  const tries = [];
  const loader = new EngineLoader(
    (signal, again) =>
      new Promise((resolve, reject) => {
        const attempt = { at: performance.now(), again, signal };
        tries.push(attempt);
        attempt.succeed = async () => {
          const engine = { name: `engine ${tries.indexOf(attempt)}`, ended: () => {} };
          resolve(engine);
          await settle();
          return engine;
        };
        attempt.fail = async (message = "503") => {
          reject(new WakesocketError("engine-failed", message));
          await settle();
        };
      }),
    () => random,
  );
  const waiter = (name) => ({
    ready: (engine) => log.push(`${name}: ${engine.name}`),
    failed: (error, attempt, retryAt) => log.push(`${name}: ${error.message} (${attempt}, ${retryAt === null ? "now" : retryAt - Date.now()})`),
  });
  const starts = () => tries.map((attempt) => attempt.at);
  const aborted = () => tries.map((attempt) => attempt.signal.aborted);
  // In steps, because a mocked timer that is set during a jump counts from its end.
  const advance = (ms) => {
    for (; ms > 500; ms -= 500) t.mock.timers.tick(500);
    t.mock.timers.tick(ms);
  };
  return { loader, log, tries, waiter, starts, aborted, advance };
}

const settle = () => new Promise(setImmediate);

test("the page can see when the engine is there", async (t) => {
  const { loader, tries, waiter } = setup(t);
  performance.clearMarks("wakesocket.engine");
  t.after(() => performance.clearMarks("wakesocket.engine"));
  const marks = () => performance.getEntriesByName("wakesocket.engine", "mark").length;
  loader.wait(waiter("a"));
  assert.equal(marks(), 0);
  await tries[0].succeed();
  loader.wait(waiter("b"));
  await settle();
  assert.equal(marks(), 1, "once for all its feeds");
});

test("one load serves all who wait, and all who come later", async (t) => {
  const { loader, log, tries, waiter, advance } = setup(t);
  loader.wait(waiter("a"));
  loader.wait(waiter("b"));
  assert.equal(tries.length, 1);
  assert.equal(tries[0].again, false);
  await tries[0].succeed();
  assert.deepEqual(log, ["a: engine 0", "b: engine 0"]);
  loader.wait(waiter("c"));
  assert.equal(log.length, 2, "not before wait() has returned");
  await settle();
  assert.deepEqual(log.slice(2), ["c: engine 0"]);
  loader.hurry();
  advance(1_000_000);
  assert.equal(tries.length, 1);
});

test("a try that fails is made again, later and later, and reported each time", async (t) => {
  const { loader, log, tries, waiter, starts, advance } = setup(t);
  loader.wait(waiter("a"));
  const waits = [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000];
  for (const [i, wait] of waits.entries()) {
    await tries.at(-1).fail(`fault ${i}`);
    advance(wait);
  }
  assert.deepEqual(
    starts()
      .slice(1)
      .map((at, i) => at - starts()[i]),
    waits,
  );
  assert.deepEqual(log.slice(0, 2), ["a: fault 0 (1, 1000)", "a: fault 1 (2, 2000)"]);
  assert.equal(log.length, 8);
  assert.deepEqual(
    tries.map((attempt) => attempt.again),
    [false, ...Array(8).fill(true)],
  );
});

test("the wait is random, and at least half of its bound", async (t) => {
  const { loader, log, tries, waiter } = setup(t, { random: 0 });
  loader.wait(waiter("a"));
  await tries[0].fail();
  assert.deepEqual(log, ["a: 503 (1, 500)"]);
});

test("a try that hangs is kept, and others are made beside it with more and more time", (t) => {
  const { loader, log, waiter, starts, aborted, advance } = setup(t);
  loader.wait(waiter("a"));
  advance(7_999);
  assert.deepEqual(starts(), [0]);
  advance(1);
  assert.deepEqual(starts(), [0, 8_000]);
  assert.deepEqual(log, ["a: client.wasm has not arrived after 8 s; it is asked for once more (1, now)"]);
  assert.deepEqual(aborted(), [false, false]);
  advance(16_000);
  assert.deepEqual(starts(), [0, 8_000, 24_000]);
  assert.deepEqual(aborted(), [false, true, false]);
  advance(32_000 + 64_000 + 120_000);
  assert.deepEqual(starts().slice(3), [56_000, 120_000, 240_000]);
  assert.deepEqual(aborted(), [false, true, true, true, true, false]);
});

test("the first of two tries to succeed wins, and the other is given up", async (t) => {
  for (const winner of [0, 1]) {
    const { loader, log, tries, waiter, aborted, advance } = setup(t);
    loader.wait(waiter("a"));
    advance(8_000);
    await tries[winner].succeed();
    assert.deepEqual(log.slice(1), [`a: engine ${winner}`]);
    assert.equal(aborted()[1 - winner], true);
    await tries[1 - winner].succeed();
    assert.equal(log.length, 2, "an engine that comes too late is nobody's");
    t.mock.timers.reset();
  }
});

test("what a try that was given up ends with is not reported", async (t) => {
  const { loader, log, tries, waiter, advance } = setup(t);
  loader.wait(waiter("a"));
  advance(8_000 + 16_000);
  await tries[1].fail("aborted");
  assert.equal(log.length, 2);
  assert.equal(tries.length, 3);
});

test("a wake cuts a wait short, but not below half a second between tries", async (t) => {
  const { loader, tries, waiter, starts, advance } = setup(t);
  loader.wait(waiter("a"));
  await tries[0].fail();
  loader.hurry();
  assert.deepEqual(starts(), [0]);
  advance(499);
  assert.deepEqual(starts(), [0]);
  advance(1);
  assert.deepEqual(starts(), [0, 500]);
  await tries[1].fail();
  advance(600);
  loader.hurry();
  assert.deepEqual(starts(), [0, 500, 1100]);
});

test("a wake makes a try beside one that hangs", (t) => {
  const { loader, waiter, starts, aborted, advance } = setup(t);
  loader.wait(waiter("a"));
  advance(499);
  loader.hurry();
  assert.deepEqual(starts(), [0]);
  advance(1);
  loader.hurry();
  assert.deepEqual(starts(), [0, 500]);
  advance(500);
  loader.hurry();
  assert.deepEqual(aborted(), [false, true, false]);
});

test("nobody waits, so nothing is loaded", async (t) => {
  const { loader, log, tries, waiter, aborted, advance } = setup(t);
  loader.hurry();
  assert.equal(tries.length, 0);
  const leaveA = loader.wait(waiter("a"));
  const leaveB = loader.wait(waiter("b"));
  leaveA();
  assert.deepEqual(aborted(), [false]);
  leaveB();
  assert.deepEqual(aborted(), [true]);
  await tries[0].fail("aborted");
  advance(1_000_000);
  loader.hurry();
  assert.deepEqual([log, tries.length], [[], 1]);
});

test("who comes back after all have left starts a new try", (t) => {
  const { loader, waiter, starts, advance } = setup(t);
  loader.wait(waiter("a"))();
  advance(2000);
  loader.wait(waiter("b"));
  assert.deepEqual(starts(), [0, 2000]);
});

test("an engine that dies is replaced, with growing waits while engines die young", async (t) => {
  const { loader, log, tries, waiter, starts, advance } = setup(t);
  loader.wait(waiter("a"));
  (await tries[0].succeed()).ended();
  loader.wait(waiter("a"));
  advance(999);
  assert.deepEqual(starts(), [0]);
  advance(1);
  assert.deepEqual(starts(), [0, 1000]);
  (await tries[1].succeed()).ended();
  loader.wait(waiter("a"));
  advance(2000);
  assert.deepEqual(starts(), [0, 1000, 3000]);
  const engine = await tries[2].succeed();
  advance(60_000);
  engine.ended();
  loader.wait(waiter("a"));
  advance(1000);
  assert.deepEqual(starts().slice(3), [64_000]);
  assert.deepEqual(log, ["a: engine 0", "a: engine 1", "a: engine 2"]);
});

test("an engine that died long ago is replaced at once", async (t) => {
  const { loader, tries, waiter, starts, advance } = setup(t);
  loader.wait(waiter("a"));
  (await tries[0].succeed()).ended();
  advance(5000);
  loader.wait(waiter("b"));
  assert.deepEqual(starts(), [0, 5000]);
});

test("an engine that dies while it is handed out is not handed to others", async (t) => {
  const { loader, log, tries, waiter, starts, advance } = setup(t);
  const first = { ready: (engine) => (log.push("first"), engine.ended(), loader.wait(waiter("again"))), failed() {} };
  loader.wait(first);
  loader.wait(waiter("b"));
  await tries[0].succeed();
  assert.deepEqual(log, ["first"]);
  advance(1000);
  assert.deepEqual(starts(), [0, 1000]);
  await tries[1].succeed();
  assert.deepEqual(log, ["first", "b: engine 1", "again: engine 1"]);
});

test("who leaves while an engine is handed out does not get it", async (t) => {
  const { loader, log, tries, waiter } = setup(t);
  let leave;
  loader.wait({ ready: () => leave(), failed() {} });
  leave = loader.wait(waiter("b"));
  await tries[0].succeed();
  assert.deepEqual(log, []);
});

test("a load that was given up was no fault of what the browser has cached", async (t) => {
  const { loader, tries, waiter, aborted } = setup(t);
  loader.wait(waiter("a"))();
  assert.deepEqual(aborted(), [true]);
  loader.wait(waiter("b"));
  await tries[1].succeed();
  assert.deepEqual(
    tries.map((attempt) => attempt.again),
    [false, false],
  );
});
