import assert from "node:assert/strict";
import { test } from "node:test";
import { age, countdown } from "./words.js";

test("words", () => {
  assert.equal(age(-5, true), "0 s ago");
  assert.equal(age(59_999, true), "59 s ago");
  assert.equal(age(60_000, false), "data 1 min old");
  assert.equal(age(7_200_000, false), "data 2 h old");
  assert.equal(age(172_800_000, false), "data 2 d old");
  assert.equal(countdown(2001), "retry in 3 s");
  assert.equal(countdown(0), "retrying");
});
