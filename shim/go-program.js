// @ts-check
import defineGo from "wasm_exec";

/** @typedef {import("./boundary.js").API} API */

/** How many characters of the program's output are kept. The cause of a crash comes first, the stacks after it. */
const maxOutput = 4096;

/**
 * Runs a Go program with an object of our own as its global object, so that it
 * adds nothing to the page's window.
 * @param {(imports: WebAssembly.Imports) => Promise<WebAssembly.Instance>} instantiate
 * @param {(text: string) => void} ended called when the program has ended, with the line that tells why
 * @returns {Promise<API>} rejected when the program ends before it is ready
 */
export async function runGoProgram(instantiate, ended) {
  const { Object, Array, Uint8Array, Error, Date, Promise, console, crypto, performance, TextEncoder, TextDecoder } = globalThis;
  /** @type {any} */
  const scope = { Object, Array, Uint8Array, Error, Date, Promise, console, crypto, performance, TextEncoder, TextDecoder };
  const Go = defineGo(scope);
  const go = new Go();
  let output = "";
  const decoder = new TextDecoder();
  scope.fs.writeSync = (/** @type {number} */ _, /** @type {Uint8Array} */ bytes) => {
    if (output.length < maxOutput) output += decoder.decode(bytes, { stream: true });
    return bytes.length;
  };
  go.exit = () => {};

  /** @type {API | undefined} */
  let api;
  scope.wakesocket = { ready: (/** @type {API} */ given) => (api = given) };
  const instance = await instantiate(go.importObject);
  const exit = go.run(instance).catch((thrown) => {
    output = `${thrown}\n${output}`;
  });
  if (!api) {
    await exit;
    throw new Error(reasonIn(output));
  }
  exit.then(() => ended(reasonIn(output)));
  return api;
}

/**
 * The line of a program's output that tells why it ended.
 * @param {string} output
 */
function reasonIn(output) {
  const lines = output.split("\n").filter(Boolean);
  const reason = lines.find((line) => /^(panic|fatal error|runtime error|\w*Error):/.test(line)) ?? lines.at(-1);
  return reason ?? "the program ended and printed nothing";
}
