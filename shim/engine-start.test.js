// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

/** A page of its own: the module's state is the page's. @returns {Promise<typeof import("./engine-start.js")>} */
const page = () => import(`./engine-start.js?${Math.random()}`);

/** Lets what is settled go on. */
const settle = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

/** @param {import("node:test").TestContext} t */
function idleCallbacks(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  /** @type {[() => void, {timeout: number}][]} */
  const asked = [];
  Object.assign(globalThis, { requestIdleCallback: (...call) => asked.push(/** @type {any} */ (call)) });
  t.after(() => Reflect.deleteProperty(globalThis, "requestIdleCallback"));
  return asked;
}

test("the engine starts in an idle moment, a little after the first event", async (t) => {
  const asked = idleCallbacks(t);
  const { engineStart, eventDelivered } = await page();
  let started = false;
  engineStart().then(() => (started = true));
  await settle();
  assert.equal(asked.length, 0);
  eventDelivered();
  await settle();
  t.mock.timers.tick(249);
  await settle();
  assert.equal(asked.length, 0, "the page shows the event first");
  t.mock.timers.tick(1);
  await settle();
  assert.deepEqual([asked.length, asked[0][1], started], [1, { timeout: 1000 }, false]);
  asked[0][0]();
  await settle();
  assert.ok(started);
});

test("without an event it starts after two seconds, and at once when it is asked for again", async (t) => {
  const asked = idleCallbacks(t);
  const { engineStart } = await page();
  engineStart();
  t.mock.timers.tick(1_999);
  await settle();
  assert.equal(asked.length, 0);
  t.mock.timers.tick(1);
  await settle();
  assert.equal(asked.length, 1);
  engineStart();
  await settle();
  assert.equal(asked.length, 2);
});

test("a browser that tells no idle moments", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { idle } = await page();
  let done = false;
  idle().then(() => (done = true));
  await settle();
  assert.equal(done, false);
  t.mock.timers.tick(0);
  await settle();
  assert.ok(done);
});

test("other work waits for the first event, but not for long", async (t) => {
  idleCallbacks(t);
  const { afterFirstEvent, eventDelivered } = await page();
  /** @type {string[]} */
  const done = [];
  afterFirstEvent(100, () => done.push("soon"));
  afterFirstEvent(200, () => done.push("later"));
  t.mock.timers.tick(99);
  await settle();
  assert.deepEqual(done, []);
  t.mock.timers.tick(1);
  assert.deepEqual(done, ["soon"]);
  eventDelivered();
  await settle();
  assert.deepEqual(done, ["soon", "soon", "later"]);
});
