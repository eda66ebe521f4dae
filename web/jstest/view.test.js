import assert from "node:assert/strict";
import { test } from "node:test";
import { ServerClock } from "../assets/js/clock.js";
import { bytes, count, percent, rate, span } from "../assets/js/format.js";
import { Series } from "../assets/js/series.js";
import { closeSentence, gapSentence, sentence } from "../assets/js/sentences.js";

test("numbers have three digits and a unit", () => {
  assert.deepEqual([0, 999, 999.6, 1234, 56_789, 999_600, 25.3e9].map(bytes), ["0 B", "999 B", "1.00 kB", "1.23 kB", "56.8 kB", "1.00 MB", "25.3 GB"]);
  assert.equal(rate(1500), "1.50 kB/s");
  assert.equal(percent(12.4), "12 %");
  assert.deepEqual([0, 9940, 9960, 59_400, 61_000, 3_700_000].map(span), ["0.0 s", "9.9 s", "10 s", "59 s", "1 min 1 s", "1 h 2 min"]);
  assert.deepEqual([count(1, "event"), count(2000, "event")], ["1 event", "2,000 events"]);
});

test("a series keeps its window and never runs backwards", () => {
  const series = new Series(2, 10);
  for (let s = 0; s <= 20; s++) series.push(s, [s, -s]);
  assert.deepEqual([series.columns[0][0], series.newest(0), series.newest(1)], [10, 20, -20]);
  assert.deepEqual(series.range(1), { low: -20, high: -10 });
  series.push(15, [99, 0]);
  assert.deepEqual(series.columns[0], [10, 11, 12, 13, 14, 15]);
  assert.equal(series.newest(0), 99);
});

test("the server's clock is taken from the quickest event", () => {
  const clock = new ServerClock();
  assert.equal(clock.now(7), 7, "unknown: ours");
  clock.note(1000, 61_500);
  clock.note(2000, 62_000);
  clock.note(3000, 65_000);
  assert.equal(clock.now(70_000), 10_000);
  assert.equal(clock.lag(3000, 65_000), 2000);
});

test("a clock that was set is believed after a minute", () => {
  const clock = new ServerClock();
  clock.note(1000, 1000);
  clock.note(2000, 7000);
  assert.equal(clock.lag(2000, 7000), 5000);
  clock.note(63_000, 68_000);
  assert.equal(clock.lag(63_000, 68_000), 0);
});

test("every state has its sentence", () => {
  const state = { name: "live", since: 0, attempt: 0, retryAt: null, cause: "", lastEventAt: null, rtt: null };
  const say = (change) => sentence({ ...state, ...change }, 1000);
  assert.equal(say({}), "Live.");
  assert.equal(say({ name: "connecting" }), "Connecting.");
  assert.equal(say({ name: "reconnecting" }), "Catching up.");
  assert.equal(say({ name: "reconnecting", cause: "reset" }), "Lost: the connection broke. Dialing.");
  assert.equal(say({ name: "reconnecting", cause: "sleep", attempt: 2, retryAt: 2500 }), "Lost: the machine or this page was asleep. Dialing in 1.5 s, try 3.");
  assert.equal(say({ name: "failed", cause: "closed with 4403" }), "Gave up: closed with 4403.");
  for (const name of ["checking", "offline", "stopped"]) assert.match(say({ name, cause: "silence" }), /\.$/);
});

test("gaps and closes in words", () => {
  assert.match(gapSentence({ after: "a-1", earliest: "b-1", reason: "epoch" }), /^Events after a-1 are gone for good: .* It goes on from b-1\.$/);
  assert.match(gapSentence({ after: "a-1", earliest: "", reason: "odd" }), /: odd\.$/);
  assert.match(closeSentence(1012), /restarts \(1012\)/);
});
