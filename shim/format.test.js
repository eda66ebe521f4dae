import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAge, formatCountdown, formatLag, formatSilence } from "./format.js";

test("ages", () => {
  for (const [ms, text] of [
    [-5, "0 s"],
    [999, "0 s"],
    [1000, "1 s"],
    [59_999, "59 s"],
    [60_000, "1 min"],
    [3_599_999, "59 min"],
    [3_600_000, "1 h"],
    [86_399_999, "23 h"],
    [86_400_000, "1 d"],
    [172_800_000, "2 d"],
  ]) {
    assert.equal(formatAge(ms, true), `${text} ago`);
    assert.equal(formatAge(ms, false), `data ${text} old`);
  }
});

test("countdowns", () => {
  assert.deepEqual([2001, 2000, 1, 0, -5].map(formatCountdown), ["retry in 3 s", "retry in 2 s", "retry in 1 s", "retrying", "retrying"]);
});

test("silent topics", () => {
  assert.equal(formatSilence(["cpu"]), "cpu silent");
  assert.equal(formatSilence(["cpu", "mem"]), "cpu, mem silent");
  assert.equal(formatSilence(["cpu", "mem", "net", "disk"]), "cpu, mem and 2 more silent");
  assert.equal(formatSilence([""]), "no events");
  assert.equal(formatSilence(["", "cpu"]), "cpu silent");
});

test("waiting events", () => {
  assert.deepEqual([1, 2].map(formatLag), ["1 event waits", "2 events wait"]);
});
