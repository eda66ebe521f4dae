// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { gapsIn, partsOf } from "./burst.js";

/** @param {string} earliest @returns {import("./boundary.gen.js").GapEffect} */
const gap = (earliest) => ({ type: "gap", after: "", earliest, reason: "skipped" });

test("a gap comes before the first event after it that the page gets", () => {
  for (const [earliest, ids, mask, place] of /** @type {const} */ ([
    ["5", ["1", "2", "5"], "111", 2],
    ["1", ["1", "9", "1"], "011", 2], // the first was a repetition
    ["1", ["1", "2"], "11", undefined],
    ["7", ["8"], "1", undefined], // its event was held, and is released
    ["", ["1", ""], "11", undefined],
  ])) {
    const answer = { type: /** @type {const} */ ("deliver"), mask, held: 0, cursor: "" };
    const input = { type: /** @type {const} */ ("events"), generation: 1, ids: [...ids], contents: [] };
    assert.deepEqual(gapsIn([gap(earliest), answer], input), place === undefined ? [] : [{ gap: gap(earliest), place }]);
  }
  assert.deepEqual(gapsIn([gap("1")], { type: "tick" }), []);
});

test("a burst is delivered in parts, each after its gap", () => {
  const ids = ["1", "2", "5", "9"];
  const events = ids.map((id) => ({ id }));
  assert.deepEqual(partsOf(events, ids, "1011", []), [{ events, ids, mask: "1011" }]);
  const gaps = [
    { place: 2, gap: gap("5") },
    { place: 3, gap: gap("9") },
  ];
  assert.deepEqual(partsOf(events, ids, "1011", gaps), [
    { gap: undefined, events: events.slice(0, 2), ids: ["1", "2"], mask: "10" },
    { gap: gap("5"), events: [events[2]], ids: ["5"], mask: "1" },
    { gap: gap("9"), events: [events[3]], ids: ["9"], mask: "1" },
  ]);
});
