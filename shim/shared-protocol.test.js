import assert from "node:assert/strict";
import { test } from "node:test";
import { fromTab, fromWorker, protocol } from "./shared-protocol.js";

const join = {
  type: "join",
  protocol,
  build: "1.0.0",
  key: "k",
  addressTopics: ["a"],
  tuning: {},
  wasm: "client.wasm",
  client: "",
  after: "",
  visible: true,
  online: true,
};

const good = {
  tab: [
    join,
    { ...join, url: "ws://h/", topics: [], lock: "l" },
    { type: "topics", topics: ["a"] },
    { type: "send", text: "{}" },
    { type: "ack", batch: 1 },
    { type: "visible", on: true },
    { type: "online", on: false },
    { type: "wake", kind: "wake" },
    { type: "reconnect" },
    { type: "leave" },
    { type: "address", ask: 1, href: "ws://h/" },
    { type: "address", ask: 1, reason: "no" },
    { type: "alive" },
  ],
  worker: [
    { type: "welcome", protocol, build: "1.0.0" },
    { type: "refused", reason: "no", again: false },
    { type: "status", status: {} },
    { type: "unguarded", reason: "" },
    { type: "batch", batch: 1, events: "[]", ids: [], times: [1], waiting: 0 },
    { type: "moved", cursor: "1" },
    { type: "gap", gap: {} },
    { type: "rtt", ms: 1 },
    { type: "control", frame: {} },
    { type: "error", code: "failed", message: "" },
    { type: "ask", ask: 1, fresh: false, attempt: 0 },
    { type: "ping" },
  ],
};

const checks = { tab: fromTab, worker: fromWorker };

for (const side of /** @type {const} */ (["tab", "worker"])) {
  test(`messages of a ${side} are taken as they are, and no other`, () => {
    const other = side === "tab" ? fromWorker : fromTab;
    for (const message of good[side]) {
      assert.equal(checks[side](message), message);
      assert.equal(other(message), undefined);
    }
  });

  test(`a message of a ${side} with a field that is missing or of another type is refused`, () => {
    const strange = [undefined, null, 1, "x", NaN, true, {}, [], [1], ["x"], [undefined], () => 1];
    for (const message of good[side]) {
      for (const name of Object.keys(message)) {
        for (const value of strange) {
          const same = (a, b) =>
            Array.isArray(a) && Array.isArray(b)
              ? a.length === 0 || b.length === 0 || typeof a[0] === typeof b[0]
              : typeof a === typeof b && Array.isArray(a) === Array.isArray(b) && value !== null && !Number.isNaN(value);
          const optional =
            ["url", "topics", "lock", "href", "reason"].includes(name) && value === undefined && (message.type === "join" || message.type === "address");
          if (name === "type" || (!same(message[name], value) && !optional)) {
            assert.equal(checks[side]({ ...message, [name]: value }), undefined, `${message.type}.${name} = ${String(value)}`);
          }
        }
      }
    }
  });
}

test("what is no message is refused", () => {
  for (const data of [undefined, null, 1, "join", [], [join], {}, { type: 1 }, { type: "toString" }, { type: "__proto__" }, { type: "constructor" }]) {
    assert.equal(fromTab(data), undefined);
    assert.equal(fromWorker(data), undefined);
  }
});
