// @ts-check
import { violationOf, watchViolations } from "./csp.js";
import { messageOf } from "./error.js";
import { FrameParts } from "./frame-parts.js";

/**
 * What happens to sockets, each known by its generation.
 * @typedef {object} Events
 * @property {(generation: number) => void} opened
 * @property {(generation: number, data: unknown) => void} message undefined for a part of one
 * @property {(generation: number, code: number, reason: string, hopeless: boolean) => void} closed hopeless: the browser
 *   refuses the address, for the reason given
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
   * @param {number} generation
   * @param {string} href
   */
  dial(generation, href) {
    watchViolations();
    let socket;
    try {
      socket = new WebSocket(href);
    } catch (thrown) {
      this.#events.closed(generation, 1006, messageOf(thrown), true);
      return;
    }
    let opened = false;
    const parts = new FrameParts();
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      opened = true;
      this.#events.opened(generation);
    };
    socket.onmessage = (event) => this.#events.message(generation, parts.join(event.data));
    socket.onclose = (event) => {
      this.#held.delete(generation);
      const refusal = opened ? "" : violationOf(href);
      this.#events.closed(generation, event.code, refusal || event.reason, refusal !== "");
    };
    this.#held.set(generation, socket);
  }

  /**
   * Nothing more comes from the socket. Its close event is not waited for: on a
   * dead network it comes a minute late.
   * @param {number} generation
   * @param {number} code
   * @param {string} reason
   */
  abandon(generation, code, reason) {
    const socket = this.#held.get(generation);
    if (!socket) return;
    this.#held.delete(generation);
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code, reason);
  }

  abandonAll() {
    for (const generation of this.#held.keys()) this.abandon(generation, 1000, "");
  }

  /**
   * @param {number} generation
   * @param {string} text
   * @returns {boolean} whether the socket took it
   */
  send(generation, text) {
    const socket = this.#held.get(generation);
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(text);
    return true;
  }
}
