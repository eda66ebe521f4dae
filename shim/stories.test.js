// @ts-check
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { play } from "./testing/story.js";

// Whatever these stories tell, the sessions of the engine and of a page without one do
// alike; wasm/session/stories_test.go reads them, too.
const stories = JSON.parse(readFileSync(new URL("../wasm/session/testdata/stories.json", import.meta.url), "utf8"));

for (const { name, options, steps, effects } of stories) {
  test(name, () => assert.deepEqual(play(steps, options).lines, effects));
}
