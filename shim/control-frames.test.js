import assert from "node:assert/strict";
import { test } from "node:test";
import { errorOf, inputOf, isHello, limitsOf } from "./control-frames.js";

const hello = { type: "hello", generation: 3, resumed: false, position: "p", live: false, heartbeat: 0, firstRetryWindow: 0, gap: null };

for (const [frame, want] of [
  [{ wakesocket: "hello", at: "p" }, hello],
  [
    { wakesocket: "hello", at: "" },
    { ...hello, position: "" },
  ],
  [
    { wakesocket: "hello", at: "p", resumed: true, live: true, heartbeat: 5, spread: 7 },
    { ...hello, resumed: true, live: true, heartbeat: 5, firstRetryWindow: 7 },
  ],
  [{ wakesocket: "hello", at: "p", resumed: 1, live: "yes", heartbeat: -1, spread: "7" }, hello],
  [
    { wakesocket: "hello", at: "p", heartbeat: 1e300, spread: 0 },
    { ...hello, heartbeat: 2 ** 31 },
  ],
  [{ wakesocket: "hello", at: "p", gap: null }, hello],
  [
    { wakesocket: "hello", at: "p", gap: { after: "a", earliest: 7, reason: "trimmed" } },
    { ...hello, gap: { after: "a", earliest: "7", reason: "trimmed" } },
  ],
  [
    { wakesocket: "hello", at: "p", gap: { earliest: {} } },
    { ...hello, gap: { after: "", earliest: "", reason: "unknown" } },
  ],
  [
    { wakesocket: "hello", at: "p", gap: { after: "a", earliest: "b", reason: "another server's word" } },
    { ...hello, gap: { after: "a", earliest: "b", reason: "unknown" } },
  ],
  [{ wakesocket: "hello" }, { type: "frame", generation: 3 }],
  [
    { wakesocket: "hello", at: 7 },
    { type: "frame", generation: 3 },
  ],
  [
    { wakesocket: "position", at: "p", live: true },
    { type: "position", generation: 3, position: "p", live: true },
  ],
  [
    { wakesocket: "position", at: 7 },
    { type: "position", generation: 3, position: "7", live: false },
  ],
  [
    { wakesocket: "position", at: "", live: true },
    { type: "frame", generation: 3 },
  ],
  [{ wakesocket: "position" }, { type: "frame", generation: 3 }],
  [
    { wakesocket: "expiring", in: 30000 },
    { type: "expiring", generation: 3, in: 30000 },
  ],
  [
    { wakesocket: "expiring", in: "soon" },
    { type: "expiring", generation: 3, in: 0 },
  ],
  [
    { wakesocket: "of the future", at: "p" },
    { type: "frame", generation: 3 },
  ],
]) {
  test(JSON.stringify(frame), () => {
    assert.deepEqual(inputOf(3, frame), want);
    assert.equal(isHello(frame), want.type === "hello");
  });
}

test("the answer about topics is a position, where all that came before it has come", () => {
  const frame = { wakesocket: "followed", n: 1, at: "p" };
  assert.deepEqual(inputOf(3, frame, true), { type: "position", generation: 3, position: "p", live: true });
  assert.deepEqual(inputOf(3, { ...frame, at: undefined }, true), { type: "frame", generation: 3 });
  assert.deepEqual(inputOf(3, frame), { type: "frame", generation: 3 });
});

test("limits", () => {
  const none = { message: Infinity, rate: Infinity, burst: Infinity, topics: Infinity, history: Infinity };
  for (const given of [undefined, null, "x", {}, { message: 0, rate: -1, burst: "5", topics: null }]) assert.deepEqual(limitsOf(given), none);
  assert.deepEqual(limitsOf({ message: 1, rate: 2, burst: 3, topics: 4, history: 5 }), { message: 1, rate: 2, burst: 3, topics: 4, history: 5 });
});

test("an error frame has one of the protocol's codes, or says the server's own", () => {
  for (const [frame, code, message] of [
    [{ code: "message-rate", message: "slower" }, "message-rate", "the server says: slower"],
    [{ code: "topic-forbidden" }, "topic-forbidden", "the server says: (nothing)"],
    [{ code: "of-mine", message: "no" }, "server", "the server says: no (of-mine)"],
    [{ code: null }, "server", "the server says: (nothing) (no code)"],
  ]) {
    const error = errorOf({ wakesocket: "error", ...frame });
    assert.deepEqual([error.name, error.code, error.message], ["WakesocketError", code, message]);
  }
});
