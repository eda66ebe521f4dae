// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { Guard } from "./guard.js";

function setup() {
  /** @type {string[]} */
  const log = [];
  /** @type {import("./engine-loader.js").Waiter[]} */
  const waiters = [];
  const loader = /** @type {any} */ ({
    wait(/** @type {import("./engine-loader.js").Waiter} */ waiter) {
      waiters.push(waiter);
      log.push("wait");
      return () => log.push("give up");
    },
    hurry: () => log.push("hurry"),
  });
  const guard = new Guard(loader, { ready: () => log.push("ready"), unguarded: () => {}, error: () => {} });
  const ready = () => waiters.at(-1)?.ready(/** @type {any} */ ({}));
  return { guard, log, ready };
}

test("a page that goes away loads nothing, and goes on when it is back", () => {
  const { guard, log } = setup();
  guard.wait();
  guard.pause();
  assert.deepEqual(log.splice(0), ["wait", "give up"]);
  guard.hurry();
  assert.deepEqual(log.splice(0), ["wait", "hurry"]);
  guard.hurry();
  assert.deepEqual(log.splice(0), ["hurry"], "it waits already");
});

test("a page that goes away twice goes on, too", () => {
  const { guard, log } = setup();
  guard.wait();
  guard.pause();
  guard.pause();
  log.length = 0;
  guard.hurry();
  assert.deepEqual(log, ["wait", "hurry"]);
});

test("who waits for nothing has nothing to go on with", () => {
  for (const before of ["ready", "stop"]) {
    const { guard, log, ready } = setup();
    guard.wait();
    if (before === "ready") ready();
    else guard.stop();
    guard.pause();
    log.length = 0;
    guard.hurry();
    assert.deepEqual(log, ["hurry"], `after ${before}`);
  }
});

test("a feed that is closed while the page is away does not go on", () => {
  const { guard, log } = setup();
  guard.wait();
  guard.pause();
  guard.stop();
  log.length = 0;
  guard.hurry();
  assert.deepEqual(log, ["hurry"]);
});
