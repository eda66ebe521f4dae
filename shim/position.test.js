import assert from "node:assert/strict";
import { test } from "node:test";
import { relation } from "./position.js";

for (const [a, b, greeted, want] of [
  ["e-7", "e-7", true, "same"],
  ["e-7", "e-8", true, "before"],
  ["e-8", "e-7", true, "after"],
  ["e-9", "e-10", true, "before"],
  ["e-10", "e-9", true, "after"],
  ["e-9007199254740993", "e-9007199254740992", true, "after"],
  ["e-5-1", "e-5-2", true, "before"],
  ["e-5-10", "e-5-9", true, "after"],
  ["e-5", "e-5-1", true, "before"],
  ["e-5-1", "e-5", true, "after"],
  ["e-5-9", "e-6", true, "before"],
  ["e-6", "e-5-9", true, "after"],
  ["e-7", "f-7", true, "foreign"],
  ["7", "e-7", true, "foreign"],
  ["e-07", "e-7", true, "foreign"],
  ["E-7", "e-7", true, "foreign"],
  ["e-7-0", "e-7", true, "foreign"],
  ["e-7 ", "e-7", true, "foreign"],
  ["e-7", "", true, "unknown"],
  ["7", "8", false, "before"],
  ["10", "9", false, "after"],
  ["7", "7", false, "same"],
  ["07", "8", false, "unknown"],
  ["7", "x8", false, "unknown"],
  ["x", "x", false, "same"],
  ["e-7", "e-8", false, "unknown"],
]) {
  test(`${a} is ${want}, seen from ${b}${greeted ? "" : ", of a plain server"}`, () => assert.equal(relation(a, b, greeted), want));
}
