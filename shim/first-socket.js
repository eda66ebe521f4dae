// @ts-check

/** Where the head of the page leaves it; see "The first connection before shim.js" in README.md. */
const name = Symbol.for("wakesocket.first");

/**
 * A socket that the page opened while shim.js was loading.
 * @typedef {object} FirstSocket
 * @property {WebSocket} socket
 * @property {MessageEvent[]} messages what it has brought so far
 */

/**
 * Takes over the socket that the page opened, for the first dial only. One of
 * another address, or one that is closed, is of no use.
 * @param {string} href
 * @returns {FirstSocket | undefined}
 */
export function takeFirstSocket(href) {
  const page = /** @type {{[name]?: FirstSocket}} */ (globalThis);
  const first = page[name];
  if (!first) return undefined;
  delete page[name];
  const { socket } = first;
  if (socket.url === href && socket.readyState <= WebSocket.OPEN) return first;
  socket.onmessage = null;
  socket.close();
  return undefined;
}

/**
 * Repeats what has happened to a socket, for its new listeners.
 * @param {FirstSocket} first
 */
export function repeat({ socket, messages }) {
  if (socket.readyState < WebSocket.OPEN) return;
  socket.onopen?.(new Event("open"));
  for (const message of messages) socket.onmessage?.(message);
}
