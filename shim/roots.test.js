// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { OpenRoots } from "./roots.js";

test("a search after the page's environment is gone is no error", () => {
  const page = { createTreeWalker: () => ({ nextNode: () => null }) };
  Object.assign(globalThis, { document: page });
  const roots = new OpenRoots();
  Reflect.deleteProperty(globalThis, "document");
  roots.search(5);
  assert.deepEqual(roots.list(), [page]);
});
