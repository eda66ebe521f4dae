import assert from "node:assert/strict";
import { test } from "node:test";
import { Silence, hold, missesMax, pingEvery, watchHolder } from "./shared-presence.js";

/** Web Locks as far as they are needed: one holder, the others wait in turn. */
function fakeLocks(t) {
  const waiting = new Map();
  const next = (name) => {
    const [first] = waiting.get(name);
    if (!first || first.held) return;
    first.held = true;
    Promise.resolve(first.callback()).then((result) => {
      waiting.get(name).shift();
      first.resolve(result);
      next(name);
    });
  };
  const request = (name, options, callback = options) =>
    new Promise((resolve, reject) => {
      const queue = waiting.get(name) ?? [];
      waiting.set(name, queue);
      const one = { callback, resolve, held: false };
      queue.push(one);
      options.signal?.addEventListener("abort", () => {
        queue.splice(queue.indexOf(one), 1);
        reject(new Error("aborted"));
      });
      next(name);
    });
  Object.defineProperty(globalThis, "navigator", { value: { locks: { request } }, configurable: true });
  t.after(() => delete globalThis.navigator);
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("whoever holds a lock is known to be gone when it is free", async (t) => {
  fakeLocks(t);
  const release = await hold("tab");
  let gone = 0;
  watchHolder("tab", () => gone++);
  const end = watchHolder("tab", () => assert.fail("this watch has ended"));
  end();
  await settled();
  assert.equal(gone, 0);
  release();
  await settled();
  assert.equal(gone, 1);
});

test("silence is noticed after so many intervals, and not while something is heard", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const seen = [];
  const silence = new Silence(
    () => seen.push("ping"),
    () => seen.push("gone"),
  );
  t.mock.timers.tick(pingEvery - 1);
  assert.deepEqual(seen, []);
  t.mock.timers.tick(1);
  assert.deepEqual(seen, ["ping"]);
  for (let i = 0; i < 10; i++) {
    silence.heard();
    t.mock.timers.tick(pingEvery);
  }
  assert.ok(!seen.includes("gone"));
  silence.heard();
  seen.length = 0;
  for (let i = 0; i < missesMax + 3; i++) t.mock.timers.tick(pingEvery);
  assert.deepEqual(seen, [...Array(missesMax).fill("ping"), "gone"]);
  seen.length = 0;
  const other = new Silence(
    () => seen.push("ping"),
    () => seen.push("gone"),
  );
  other.end();
  t.mock.timers.tick(pingEvery * 9);
  assert.deepEqual(seen, []);
});
