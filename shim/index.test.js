import assert from "node:assert/strict";
import { test } from "node:test";
import "./testing/wasm-exec.js";

test("importing it in Node.js does nothing, and connect says where it can be used", async () => {
  const before = Object.getOwnPropertyNames(globalThis);
  const { connect, WakesocketError } = await import("./index.js");
  assert.deepEqual(Object.getOwnPropertyNames(globalThis), before);
  assert.throws(
    () => connect("/feed"),
    (thrown) => thrown instanceof WakesocketError && thrown.code === "unsupported" && /needs a browser's page or worker/.test(thrown.message),
  );
});
