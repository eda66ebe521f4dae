// @ts-check
// Compiling client.wasm takes the page's thread for tenths of a second on a slow
// machine. A worker can do it, whose script is shim.js itself.
import { useCompiler } from "./engine.js";
import { messageOf } from "./error.js";
import { fetchWasm } from "./fetch-wasm.js";
import { runGoProgram } from "./go-program.js";
import { trustedURL } from "./trusted-url.js";

/** @typedef {{module?: WebAssembly.Module, reason?: string}} Answer neither: the worker's own policy forbids WebAssembly */

const name = "wakesocket compiler";
/** The smallest module. */
const empty = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);

let script = "";

/**
 * The script's own address, from which workers may be started; in such a worker it
 * begins to serve.
 * @param {string} href
 */
export function offerCompiler(href) {
  // A file of another name may be a bundle, which holds code of the page.
  if (!new URL(href).pathname.endsWith("/shim.js")) return;
  if (!globalThis.document && /** @type {{name?: string}} */ (globalThis).name === name)
    globalThis.onmessage = ({ data }) => compile(data).then((answer) => postMessage(answer));
  else {
    script = href;
    useCompiler(compileInWorker);
  }
}

/**
 * @param {string} href of a wasm file
 * @param {AbortSignal} signal
 * @returns {Promise<WebAssembly.Module | undefined>} undefined where no worker can do it; rejected when the file is of no use
 */
export async function compileInWorker(href, signal) {
  // A policy of the page that forbids WebAssembly counts, whatever that of the worker is.
  if (!script || !globalThis.document || typeof Worker !== "function" || !allowed()) return undefined;
  const { href: trusted, forbidden } = trustedURL(script);
  if (forbidden || signal.aborted) return undefined;
  /** @type {Worker} */
  let worker;
  try {
    worker = new Worker(trusted, { type: "module", name });
  } catch {
    return undefined; // as for a script of another origin
  }
  /** @type {Answer} */
  const { module, reason } = await new Promise((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onmessageerror = () => resolve({});
    worker.onerror = (event) => {
      event.preventDefault();
      resolve({});
    };
    signal.addEventListener("abort", () => resolve({ reason: "given up" }));
    worker.postMessage(href);
  });
  worker.terminate();
  if (reason) throw new Error(reason);
  return module;
}

/**
 * In the worker.
 * @param {string} href
 * @returns {Promise<Answer>}
 */
async function compile(href) {
  if (!allowed()) return {};
  try {
    const module = await fetchWasm(href, { priority: "low" });
    // Functions are compiled when they first run, and the program's start runs many of
    // them. What is compiled here is there for the page, too.
    await runGoProgram(
      (imports) => WebAssembly.instantiate(module, imports),
      () => {},
    ).catch(() => {}); // the page finds out by itself
    return { module };
  } catch (thrown) {
    return { reason: messageOf(thrown) };
  }
}

/** Whether WebAssembly may be compiled here. */
function allowed() {
  try {
    return new WebAssembly.Module(empty) !== undefined;
  } catch {
    return false;
  }
}
