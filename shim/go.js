// @ts-check
import defineGo from "wasm_exec";

/** @typedef {import("./boundary.js").API} API */

/** How much of a crash's text is kept: its head, before the stacks. */
const longest = 4096;

/**
 * Runs a Go program whose world is a small object of ours, so that nothing of it
 * is seen on the page's window.
 * @param {(imports: WebAssembly.Imports) => Promise<WebAssembly.Instance>} instantiate
 * @param {(text: string) => void} ended the program ended, with what it last said
 * @returns {Promise<API>}
 */
export async function runGo(instantiate, ended) {
  const { Object, Array, Uint8Array, Error, Date, Promise, console, crypto, performance, TextEncoder, TextDecoder } = globalThis;
  /** @type {any} */
  const world = { Object, Array, Uint8Array, Error, Date, Promise, console, crypto, performance, TextEncoder, TextDecoder };
  const Go = defineGo(world);
  const go = new Go();
  let said = "";
  const decoder = new TextDecoder();
  world.fs.writeSync = (/** @type {number} */ _, /** @type {Uint8Array} */ bytes) => {
    if (said.length < longest) said += decoder.decode(bytes, { stream: true });
    return bytes.length;
  };
  go.exit = () => {};

  /** @type {API | undefined} */
  let api;
  world.wakesocket = { ready: (/** @type {API} */ given) => (api = given) };
  const instance = await instantiate(go.importObject);
  const exit = go.run(instance).catch((thrown) => {
    said = `${thrown}\n${said}`;
  });
  if (!api) {
    await exit;
    throw new Error(lastWords(said));
  }
  exit.then(() => ended(lastWords(said)));
  return api;
}

/** @param {string} said */
function lastWords(said) {
  const lines = said.split("\n").filter(Boolean);
  const word = lines.find((line) => /^(panic|fatal error|runtime error|\w*Error):/.test(line)) ?? lines.at(-1);
  return word ?? "the program ended without a word";
}
