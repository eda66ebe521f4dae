import assert from "node:assert/strict";
import { test } from "node:test";
import { WakesocketError, messageOf, reportThrown } from "./error.js";

test("an error has a name, a code, a message and a cause", () => {
  const cause = new Error("why");
  const error = new WakesocketError("url-failed", "what", { cause });
  assert.ok(error instanceof Error);
  assert.deepEqual([error.name, error.code, error.message, error.cause], ["WakesocketError", "url-failed", "what", cause]);
});

test("an error can be made where a page has frozen what it inherits", () => {
  Object.defineProperty(Error.prototype, "code", { value: "frozen", writable: false, configurable: true });
  const name = Object.getOwnPropertyDescriptor(Error.prototype, "name");
  Object.defineProperty(Error.prototype, "name", { ...name, writable: false });
  try {
    const error = new WakesocketError("closed", "m");
    assert.equal(error.name, "WakesocketError");
    assert.equal(error.code, "closed");
  } finally {
    Object.defineProperty(Error.prototype, "name", name);
    delete Error.prototype.code;
  }
});

for (const [thrown, want] of [
  [new Error("m"), "m"],
  [new Error(""), "Error"],
  ["text", "text"],
  [undefined, "undefined"],
  [Object.create(null), "something that cannot be shown as text was thrown"],
]) {
  test(`the text of ${typeof thrown} "${want}"`, () => assert.equal(messageOf(thrown), want));
}

test("what was thrown is reported", (t) => {
  const reported = [];
  globalThis.reportError = (thrown) => reported.push(thrown);
  reportThrown("a");
  delete globalThis.reportError;
  assert.deepEqual(reported, ["a"]);

  t.mock.timers.enable({ apis: ["setTimeout"] });
  reportThrown(new Error("old browser"));
  assert.throws(() => t.mock.timers.tick(1), /old browser/);
});
