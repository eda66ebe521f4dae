import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Kept, tabID } from "./persist.js";

/** The two calls of a Storage that are in use. */
function storage() {
  const items = new Map();
  return { items, writes: 0, getItem: (key) => items.get(key) ?? null, setItem(key, value) { this.writes++; items.set(key, value); } };
}

afterEach(() => delete globalThis.sessionStorage);

test("a cursor survives", () => {
  globalThis.sessionStorage = storage();
  new Kept("k", assert.fail).write("e-1");
  assert.equal(new Kept("k", assert.fail).read(), "e-1");
  assert.equal(new Kept("other", assert.fail).read(), "");
});

test("an unchanged cursor is not written again", () => {
  globalThis.sessionStorage = storage();
  const kept = new Kept("k", assert.fail);
  kept.write("e-1");
  kept.write("e-1");
  assert.equal(globalThis.sessionStorage.writes, 1);
});

test("without a key nothing is touched", () => {
  const kept = new Kept(undefined, assert.fail);
  kept.write("e-1");
  assert.equal(kept.read(), "");
});

test("a storage that is refused or full is told once", () => {
  globalThis.sessionStorage = { getItem: () => null, setItem() { throw new Error("full"); } };
  const codes = [];
  const kept = new Kept("k", (error) => codes.push(error.code));
  kept.write("e-1");
  kept.write("e-2");
  assert.deepEqual(codes, ["persist-failed"]);
});

test("a tab keeps its id", () => {
  globalThis.sessionStorage = storage();
  const id = tabID();
  assert.match(id, /^[0-9a-f]{16}$/);
  assert.equal(tabID(), id);
  assert.equal(globalThis.sessionStorage.items.get("wakesocket.client"), id);
});
