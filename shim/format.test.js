import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAge, formatCountdown } from "./format.js";

test("ages and countdowns", () => {
  assert.equal(formatAge(-5, true), "0 s ago");
  assert.equal(formatAge(59_999, true), "59 s ago");
  assert.equal(formatAge(60_000, false), "data 1 min old");
  assert.equal(formatAge(7_200_000, false), "data 2 h old");
  assert.equal(formatAge(172_800_000, false), "data 2 d old");
  assert.equal(formatCountdown(2001), "retry in 3 s");
  assert.equal(formatCountdown(0), "retrying");
});
