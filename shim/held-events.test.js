import assert from "node:assert/strict";
import { test } from "node:test";
import { HeldEvents } from "./held-events.js";

test("the last of each burst are kept, in order, until they are taken", () => {
  const held = new HeldEvents();
  held.keep([{ id: "a" }], ["a"], 0);
  held.keep([{ id: "b" }, { id: "c" }], ["b", "c"], 1);
  held.keep([{ id: "d" }, {}], ["d", ""], 2);
  assert.deepEqual(held.take(), { events: [{ id: "c" }, { id: "d" }, {}], ids: ["c", "d", ""] });
  assert.deepEqual(held.take(), { events: [], ids: [] });
});
