import "./wasm-exec.js";
import { clientWasm } from "./serve.js";

const { Engine } = await import("../engine.js");
const { runGoProgram } = await import("../go-program.js");

const compiled = await WebAssembly.compile(clientWasm);
/** @type {any} the program that all engines of a test file share */
const api = await runGoProgram((imports) => WebAssembly.instantiate(compiled, imports), console.error);

/** An engine with the real client.wasm; die() is its end. */
export function makeEngine() {
  const program = { ...api, dead: false };
  program.step = (...input) => (program.dead ? "client.wasm panicked: on purpose" : api.step(...input));
  const engine = new Engine(program);
  return Object.assign(engine, { die: () => (program.dead = true) });
}
