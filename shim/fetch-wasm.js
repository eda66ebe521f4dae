// @ts-check
import { idle } from "./engine-start.js";
import { messageOf } from "./error.js";

/** Some bundlers do not copy the file, and a server may answer with a page instead. */
const remedy = ": put the client.wasm of this version there, or set wasmURL to where it is";

/**
 * Fetches and compiles a wasm file. Whatever fails, the error names the file and
 * says what is wrong with it.
 * @param {string} href
 * @param {{signal?: AbortSignal, cache?: RequestCache, priority?: RequestPriority}} [options]
 * @returns {Promise<WebAssembly.Module>}
 */
export async function fetchWasm(href, options) {
  if (!("WebAssembly" in globalThis)) throw new Error("this browser has no WebAssembly, or it is switched off");
  const response = await fetch(href, options).catch((thrown) => {
    throw new Error(`${href} cannot be loaded (${messageOf(thrown)})`);
  });
  if (!response.ok) throw new Error(`${href} cannot be loaded (the server answers ${response.status})${remedy}`);
  const type = response.headers.get("Content-Type")?.trim() ?? "";
  try {
    if (type === "application/wasm" && WebAssembly.compileStreaming) return await WebAssembly.compileStreaming(response);
    // Streaming insists on exactly that type; a server that sends another may still send the right bytes.
    const bytes = await response.arrayBuffer();
    if (new TextDecoder().decode(bytes.slice(0, 4)) !== "\0asm") throw new Error("the file does not begin like WebAssembly");
    return await WebAssembly.compile(bytes);
  } catch (thrown) {
    if (/content security policy|unsafe-eval/i.test(messageOf(thrown))) {
      throw new Error(`the page's Content-Security-Policy forbids WebAssembly; add 'wasm-unsafe-eval' to its script-src (${messageOf(thrown)})`);
    }
    throw new Error(`${href}, served as ${type || "no type"}, is not the client.wasm of this shim.js (${messageOf(thrown)})${remedy}`);
  }
}

/**
 * Each step takes long enough to have an idle moment of its own.
 * @param {string} href of the module
 * @param {WebAssembly.Module} module
 * @param {WebAssembly.Imports} imports
 */
export async function instantiateWasm(href, module, imports) {
  await idle();
  try {
    return await WebAssembly.instantiate(module, imports);
  } catch (thrown) {
    throw new Error(`${href} is not the client.wasm of this shim.js (${messageOf(thrown)})${remedy}`);
  } finally {
    await idle();
  }
}
