// @ts-check
import { messageOf } from "./error.js";
import { FrameParts } from "./frame-parts.js";

/**
 * What happens to sockets, each known by its generation.
 * @typedef {object} Events
 * @property {(gen: number) => void} opened
 * @property {(gen: number, data: unknown) => void} message undefined for a part of one
 * @property {(gen: number, code: number, reason: string) => void} closed
 */

/** The sockets that the session holds: seldom more than one, never more than two. */
export class Sockets {
  #events;
  /** @type {Map<number, WebSocket>} */
  #held = new Map();

  /** @param {Events} events */
  constructor(events) {
    this.#events = events;
  }

  /**
   * @param {number} gen
   * @param {string} href
   * @returns {string} what the browser has against the address, "" when nothing
   */
  dial(gen, href) {
    let socket;
    try {
      socket = new WebSocket(href);
    } catch (thrown) {
      return messageOf(thrown);
    }
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#events.opened(gen);
    const parts = new FrameParts();
    socket.onmessage = (event) => this.#events.message(gen, parts.join(event.data));
    socket.onclose = (event) => {
      this.#held.delete(gen);
      this.#events.closed(gen, event.code, event.reason);
    };
    this.#held.set(gen, socket);
    return "";
  }

  /**
   * Nothing more is heard of the socket. Its close event is not waited for: on
   * a dead network it comes a minute late.
   * @param {number} gen
   * @param {number} code
   * @param {string} reason
   */
  abandon(gen, code, reason) {
    const socket = this.#held.get(gen);
    if (!socket) return;
    this.#held.delete(gen);
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code, reason);
  }

  abandonAll() {
    for (const gen of this.#held.keys()) this.abandon(gen, 1000, "");
  }

  /**
   * @param {number} gen
   * @param {string} text
   * @returns {boolean} whether the socket took it
   */
  send(gen, text) {
    const socket = this.#held.get(gen);
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(text);
    return true;
  }
}
