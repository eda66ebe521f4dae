import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { SavedCursor } from "./saved-cursor.js";

/** The two calls of a Storage that are in use. */
function storage() {
  const items = new Map();
  return {
    items,
    writes: 0,
    getItem: (key) => items.get(key) ?? null,
    setItem(key, value) {
      this.writes++;
      items.set(key, value);
    },
  };
}

afterEach(() => delete globalThis.sessionStorage);

test("a cursor survives", () => {
  globalThis.sessionStorage = storage();
  new SavedCursor("k", assert.fail).write("e-1", "");
  assert.deepEqual(new SavedCursor("k", assert.fail).read(), { cursor: "e-1", since: "" });
  assert.deepEqual(new SavedCursor("other", assert.fail).read(), { cursor: "", since: "" });
  new SavedCursor("k", assert.fail).write("e-1", "e-0");
  assert.deepEqual(new SavedCursor("k", assert.fail).read(), { cursor: "e-1", since: "e-0" });
  new SavedCursor("k", assert.fail).write("e-1", "");
  assert.deepEqual(new SavedCursor("k", assert.fail).read(), { cursor: "e-1", since: "" });
});

test("an unchanged cursor is not written again", () => {
  globalThis.sessionStorage = storage();
  const saved = new SavedCursor("k", assert.fail);
  saved.write("e-1", "");
  saved.write("e-1", "");
  assert.equal(globalThis.sessionStorage.writes, 1);
});

test("without a key nothing is touched", () => {
  const saved = new SavedCursor(undefined, assert.fail);
  saved.write("e-1", "");
  assert.deepEqual(saved.read(), { cursor: "", since: "" });
});

test("a storage that is refused or full is one error", () => {
  globalThis.sessionStorage = {
    getItem: () => null,
    setItem() {
      throw new Error("full");
    },
  };
  const codes = [];
  const saved = new SavedCursor("k", (error) => codes.push(error.code));
  saved.write("e-1", "");
  saved.write("e-2", "");
  assert.deepEqual(codes, ["persist-failed"]);
});
