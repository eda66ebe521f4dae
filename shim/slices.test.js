import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

/** The tasks that were asked for; the test runs them, on a clock of its own. */
const tasks = [];
let now = 0;
globalThis.MessageChannel = class {
  port1 = {};
  port2 = { postMessage: () => tasks.push(() => this.port1.onmessage()) };
};
performance.now = () => now;
const { schedule } = await import("./slices.js");

const runTask = () => tasks.shift()();
beforeEach(() => assert.equal(tasks.length, 0, "a task is left"));

/** A job of pieces that take a time each. */
function work(name, pieces, time, log) {
  let done = 0;
  return (deadline) => {
    do {
      now += time;
      log.push(`${name}${++done}`);
    } while (done < pieces && now < deadline);
    return done < pieces;
  };
}

test("a task ends after 8 ms, and the next one goes on", () => {
  const log = [];
  schedule(work("a", 20, 1, log));
  assert.deepEqual(log, [], "nothing is done at once");
  const sizes = [];
  while (tasks.length > 0) {
    const before = log.length;
    runTask();
    sizes.push(log.length - before);
  }
  assert.deepEqual(sizes, [8, 8, 4]);
});

test("a task takes as long as the browser took before it, within limits, while work is left", () => {
  const log = [];
  const sizes = [];
  now += 1000; // nothing waited
  schedule(work("a", 90, 1, log));
  for (const pause of [1000, 3, 8, 20, 32, 50]) {
    now += pause;
    const before = log.length;
    runTask();
    sizes.push(log.length - before);
  }
  assert.deepEqual(sizes, [8, 8, 8, 20, 32, 14]);
  now += 1000;
  schedule(work("b", 9, 1, log));
  runTask();
  assert.equal(log.at(-1), "b8", "the time without work does not count");
  runTask();
});

test("a job that was asked for twice is done once", () => {
  const log = [];
  const job = work("a", 1, 1, log);
  schedule(job);
  schedule(job);
  assert.equal(tasks.length, 1);
  runTask();
  assert.deepEqual(log, ["a1"]);
});

test("jobs share a task, and none waits for the end of another", () => {
  const log = [];
  schedule(work("a", 12, 1, log));
  schedule(work("b", 2, 5, log));
  runTask();
  assert.deepEqual(log, ["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"]);
  runTask();
  assert.deepEqual(log.slice(8), ["b1", "b2"]);
  runTask();
  assert.deepEqual(log.slice(10), ["a9", "a10", "a11", "a12"]);
});

test("short jobs of many feeds are done in one task", () => {
  const log = [];
  for (const name of ["a", "b", "c"]) schedule(work(name, 1, 1, log));
  runTask();
  assert.deepEqual(log, ["a1", "b1", "c1"]);
});

test("a job that asks for itself while it runs is done again only if something is left", () => {
  const log = [];
  const job = () => {
    log.push("run");
    schedule(job);
    return log.length < 2;
  };
  schedule(job);
  runTask();
  assert.equal(tasks.length, 1);
  runTask();
  assert.deepEqual([log, tasks.length], [["run", "run"], 0]);
});

test("a job that is asked for by another gets one task", () => {
  const log = [];
  schedule(() => {
    schedule(work("b", 1, 1, log));
    return false;
  });
  runTask();
  assert.equal(tasks.length, 1);
  runTask();
  assert.deepEqual(log, ["b1"]);
});

test("a job that throws is reported and does not affect the others", () => {
  const reported = [];
  globalThis.reportError = (thrown) => reported.push(thrown.message);
  const log = [];
  schedule(() => {
    throw new Error("mine");
  });
  schedule(work("b", 1, 1, log));
  runTask();
  delete globalThis.reportError;
  assert.deepEqual(reported, ["mine"]);
  assert.deepEqual(log, ["b1"]);
});
