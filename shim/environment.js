// @ts-check
import { WakesocketError } from "./error.js";

/**
 * What the shim needs to know of where it runs: in a page, in a worker, or in a
 * test's imitation of a page.
 * @typedef {object} Environment
 * @property {string} base what relative addresses are relative to
 * @property {boolean} visible
 * @property {boolean} online
 */

/**
 * @returns {Environment}
 * @throws {WakesocketError} where nothing can be connected, such as in Node.js
 */
export function environment() {
  const page = typeof document === "object";
  if (!page && !("WorkerGlobalScope" in globalThis)) {
    const text = "connect() needs a browser's page or worker; when a page is rendered on a server, call it only in the browser";
    throw new WakesocketError("unsupported", text);
  }
  if (!("WebSocket" in globalThis)) throw new WakesocketError("unsupported", "connect() needs WebSocket, which is missing here");
  return {
    base: page ? document.baseURI : location.href,
    visible: !page || ask(() => document.visibilityState === "visible") !== false,
    online: ask(() => navigator.onLine) !== false,
  };
}

/**
 * What the browser says of itself. Extensions and policies replace such properties, and
 * some then throw; that is no reason to have no connection.
 * @template T
 * @param {() => T} question
 * @returns {T | undefined} undefined when it cannot be asked
 */
export function ask(question) {
  try {
    return question();
  } catch {
    return undefined;
  }
}
