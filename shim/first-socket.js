// @ts-check

/** Where the head of the page leaves it; see "The first connection before shim.js" in README.md. */
const name = Symbol.for("wakesocket.first");

/**
 * A socket that the page opened while shim.js was loading.
 * @typedef {object} FirstSocket
 * @property {WebSocket} socket
 * @property {MessageEvent[]} messages what it has brought so far
 * @property {string} [href] that it was opened with; as the page may have replaced WebSocket, its url may be missing
 */

/** WebSocket.OPEN, which is missing where a tool that watches the page has replaced WebSocket by a function. */
export const open = 1;

/** @returns {{[name]?: FirstSocket}} */
const page = () => /** @type {any} */ (globalThis);

/** Whether there is one that nobody has taken over. */
export function hasFirstSocket() {
  return page()[name] !== undefined;
}

/**
 * Opens the socket of a first dial, whose address is known, before the rest of the feed
 * is built: the network works while the page does that.
 * @param {string} href
 * @returns {() => void} closes it unless it was taken over
 */
export function openFirstSocket(href) {
  if (hasFirstSocket()) return () => {};
  try {
    page()[name] = { socket: new WebSocket(href), messages: [], href };
  } catch {
    return () => {}; // the dial finds out by itself
  }
  return () => takeFirstSocket("");
}

/**
 * Takes over the socket that the page opened, for the first dial only. One of
 * another address, or one that is closed, is of no use.
 * @param {string} href
 * @returns {FirstSocket | undefined}
 */
export function takeFirstSocket(href) {
  const first = page()[name];
  if (!first) return undefined;
  delete page()[name];
  const { socket } = first;
  if ((first.href ?? socket.url) === href && socket.readyState <= open) return first;
  socket.onmessage = null;
  socket.close(1000);
  return undefined;
}

/**
 * Repeats what has happened to a socket, for its new listeners.
 * @param {FirstSocket} first
 */
export function repeat({ socket, messages }) {
  if (socket.readyState < open) return;
  socket.onopen?.(new Event("open"));
  for (const message of messages) socket.onmessage?.(message);
}
