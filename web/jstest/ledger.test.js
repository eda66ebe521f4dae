import assert from "node:assert/strict";
import { test } from "node:test";
import { Ledger } from "../assets/js/ledger.js";

const reading = (n, run = "a", t = n * 100) => ({ run, n, t });

test("a hole in the numbers is a loss, until it is filled", () => {
  const ledger = new Ledger();
  for (const n of [5, 6, 9]) ledger.note("ours", reading(n), 0);
  assert.deepEqual(ledger.counts("ours", 0), { received: 3, lost: 2, missing: 2, twice: 0 });
  for (const n of [8, 7]) ledger.note("ours", reading(n), 0);
  assert.deepEqual(ledger.counts("ours", 0), { received: 5, lost: 0, missing: 0, twice: 0 });
});

test("what came before the first event is no loss", () => {
  const ledger = new Ledger();
  ledger.note("plain", reading(1000), 0);
  assert.equal(ledger.counts("plain", 0).lost, 0);
});

test("the same event twice is counted and reported", () => {
  const ledger = new Ledger();
  assert.equal(ledger.note("ours", reading(1), 0), true);
  assert.equal(ledger.note("ours", reading(1), 5), false);
  assert.deepEqual(ledger.counts("ours", 0), { received: 2, lost: 0, missing: 0, twice: 1 });
  assert.equal(ledger.since(0)[0].ours, 0, "the first arrival stays");
});

test("a new process counts anew", () => {
  const ledger = new Ledger();
  ledger.note("ours", reading(900, "a"), 0);
  ledger.note("ours", reading(1, "b"), 0);
  ledger.note("ours", reading(3, "b"), 0);
  assert.deepEqual(ledger.counts("ours", 0), { received: 3, lost: 1, missing: 1, twice: 0 });
});

test("each client is counted for itself, and its lag is known", () => {
  const ledger = new Ledger();
  for (const n of [1, 2, 3, 4]) ledger.note("ours", reading(n), n);
  for (const n of [1, 2]) ledger.note("plain", reading(n), n);
  assert.equal(ledger.lag("plain"), 2);
  assert.equal(ledger.lag("ours"), 0);
  assert.deepEqual(
    ledger.since(300).map((e) => e.n),
    [3, 4],
  );
  assert.deepEqual(ledger.since(100)[0], { run: "a", n: 1, t: 100, ours: 1, plain: 1 });
});

test("a client is not expected to have events from before it connected", () => {
  const ledger = new Ledger();
  for (const n of [1, 2, 3]) ledger.note("ours", reading(n), 0);
  const [first, second, third] = ledger.since(0);
  assert.equal(ledger.expects("plain", first), false);
  ledger.note("plain", reading(2), 0);
  assert.deepEqual(
    [first, second, third].map((e) => ledger.expects("plain", e)),
    [false, true, true],
  );
});

test("it remembers thousands of events, not all", () => {
  const ledger = new Ledger();
  for (let n = 1; n <= 20_000; n++) ledger.note("ours", reading(n), 0);
  assert.equal(ledger.since(0).length, 4000);
  assert.deepEqual(ledger.counts("ours", 0), { received: 20_000, lost: 0, missing: 0, twice: 0 });
});

test("what the other client has had for a while is missing, and is no longer when it comes", () => {
  const ledger = new Ledger();
  ledger.note("plain", reading(1), 0);
  for (const n of [1, 2, 3]) ledger.note("ours", reading(n), n * 1000);
  assert.equal(ledger.counts("plain", 3499).missing, 0, "it may only be slow");
  assert.equal(ledger.counts("plain", 3500).missing, 1);
  assert.equal(ledger.counts("plain", 4500).missing, 2);
  assert.equal(ledger.counts("plain", 4500).lost, 0);
  assert.equal(ledger.counts("ours", 4500).missing, 0);
  ledger.note("plain", reading(3), 5000);
  assert.deepEqual(ledger.counts("plain", 9000), { received: 2, lost: 1, missing: 1, twice: 0 });
  ledger.note("plain", reading(2), 5000);
  assert.equal(ledger.counts("plain", 9000).missing, 0);
});

test("a client that has had no event yet misses none", () => {
  const ledger = new Ledger();
  ledger.note("ours", reading(1), 0);
  assert.equal(ledger.lag("plain"), 0);
});
