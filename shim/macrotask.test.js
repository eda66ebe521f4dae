import assert from "node:assert/strict";
import { test } from "node:test";

const posted = [];
globalThis.MessageChannel = class {
  port1 = {};
  port2 = { postMessage: () => posted.push(this.port1) };
};
const { macrotask } = await import("./macrotask.js");
/** Of a page of its own. */
const bare = await import("./macrotask.js?bare");

/** What the browser does with the messages that were posted. */
const run = () => posted.splice(0).forEach((port) => port.onmessage());

test("work is done in a task of its own, in order, and once", () => {
  const log = [];
  macrotask(() => log.push("a"));
  macrotask(() => log.push("b"));
  assert.deepEqual(log, []);
  assert.equal(posted.length, 1, "one message is enough for both");
  run();
  assert.deepEqual(log, ["a", "b"]);
  macrotask(() => log.push("c"));
  assert.equal(posted.length, 1);
  run();
  assert.deepEqual(log, ["a", "b", "c"]);
});

test("work that is asked for by work comes in the next task", () => {
  const log = [];
  macrotask(() => macrotask(() => log.push("inner")));
  run();
  assert.deepEqual(log, []);
  run();
  assert.deepEqual(log, ["inner"]);
});

test("a test environment may have no MessageChannel", async (t) => {
  const tasks = [];
  t.mock.method(globalThis, "setTimeout", (task) => tasks.push(task));
  const { MessageChannel } = globalThis;
  t.after(() => Object.assign(globalThis, { MessageChannel }));
  delete globalThis.MessageChannel;
  const log = [];
  bare.macrotask(() => log.push("a"));
  bare.macrotask(() => bare.macrotask(() => log.push("c")));
  bare.macrotask(() => log.push("b"));
  assert.deepEqual(log, []);
  tasks.shift()();
  assert.deepEqual(log, ["a", "b"]);
  tasks.shift()();
  assert.deepEqual(log, ["a", "b", "c"]);
});
