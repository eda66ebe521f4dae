import assert from "node:assert/strict";
import { test } from "node:test";
import { eventTime } from "./event-time.js";

test("a time is epoch milliseconds or ISO 8601, where the field says", () => {
  assert.equal(eventTime({ time: 1.7e12 }, "time"), 1.7e12);
  assert.equal(eventTime({ time: 1e11 }, "time"), 1e11);
  assert.equal(eventTime({ data: { at: { ms: 1.8e12 } } }, "data.at.ms"), 1.8e12);
  assert.equal(eventTime({ t: "2026-11-26T04:00:00Z" }, "t"), Date.UTC(2026, 10, 26, 4));
});

test("an event without the field has no time", () => {
  for (const event of [{}, { data: null }, { data: { at: null } }, { data: 5 }]) assert.equal(eventTime(event, "data.at"), undefined);
});

test("what is no time is refused, not guessed", () => {
  for (const time of [1_700_000_000, 1e11 - 1, -1, NaN, "soon", true, {}, []]) {
    assert.throws(
      () => eventTime({ time }, "time"),
      (error) => error.code === "time-invalid" && error.message.includes('"time" holds'),
    );
  }
});
