import assert from "node:assert/strict";
import { test } from "node:test";
import { ageStep, formatAge, formatCountdown, formatLag, formatSilence } from "./format.js";

test("ages", () => {
  for (const [ms, text] of [
    [-5, "0 s"],
    [999, "0 s"],
    [1000, "1 s"],
    [9_999, "9 s"],
    [10_000, "10 s"],
    [14_999, "10 s"],
    [15_000, "15 s"],
    [59_999, "55 s"],
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

test("an age in words stays as it is until its next step", () => {
  for (let age = 0; age < 120_000; age += 100) {
    const step = ageStep(age);
    const from = age - (age % step);
    assert.equal(formatAge(from, true), formatAge(from + step - 1, true), `from ${from}`);
  }
  assert.deepEqual([0, 9_999, 10_000, 59_999, 60_000].map(ageStep), [1_000, 1_000, 5_000, 5_000, 10_000]);
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
