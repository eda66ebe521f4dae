import assert from "node:assert/strict";
import { test } from "node:test";
import { clientWasm } from "./testing/serve.js";
import "./testing/wasm-exec.js";

const { runGoProgram } = await import("./go-program.js");

/** A Go program whose instance is made by the test. */
const instantiate = async (imports) => (await WebAssembly.instantiate(clientWasm, imports)).instance;

/** An instance that prints text as a Go program does, and then ends. */
function prints(text, fails) {
  return async (imports) => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const bytes = new TextEncoder().encode(text);
    const exports = {
      mem: memory,
      run() {
        const view = new DataView(memory.buffer);
        new Uint8Array(memory.buffer).set(bytes, 30_000);
        view.setBigInt64(20_000 + 8, 2n, true);
        view.setBigInt64(20_000 + 16, 30_000n, true);
        view.setInt32(20_000 + 24, bytes.length, true);
        imports.gojs["runtime.wasmWrite"](20_000);
        imports.gojs["runtime.wasmExit"](20_000);
        fails?.();
      },
    };
    return Object.create(WebAssembly.Instance.prototype, { exports: { value: exports } });
  };
}

test("the program becomes ready, and adds nothing to the global object", async () => {
  const before = Object.keys(globalThis);
  const api = await runGoProgram(instantiate, assert.fail);
  assert.deepEqual(Object.keys(api).sort(), ["build", "drop", "open", "step"]);
  assert.deepEqual(Object.keys(globalThis), before);
  assert.equal(globalThis.Go, undefined);
});

for (const { name, text, want } of [
  { name: "a panic", text: "panic: oops\n\ngoroutine 1 [running]:\nmain.main()\n", want: "panic: oops" },
  { name: "a fatal error after other output", text: "hello\nfatal error: all goroutines are asleep\nmore\n", want: "fatal error: all goroutines are asleep" },
  { name: "other output", text: "one\ntwo\n\n", want: "two" },
  { name: "no output", text: "", want: "the program ended and printed nothing" },
  { name: "much output", text: `panic: oops\n${"x".repeat(10_000)}`, want: "panic: oops" },
]) {
  test(`a program that ends before it is ready is told with its reason: ${name}`, async () => {
    await assert.rejects(runGoProgram(prints(text), assert.fail), { message: want });
  });
}

test("a program that WebAssembly stops is told with the reason of the engine", async () => {
  const fails = () => {
    throw new WebAssembly.RuntimeError("unreachable");
  };
  await assert.rejects(runGoProgram(prints("noise", fails), assert.fail), { message: "RuntimeError: unreachable" });
});

test("an instance that cannot be made is told", async () => {
  await assert.rejects(
    runGoProgram(async () => {
      throw new Error("503");
    }, assert.fail),
    /503/,
  );
});
