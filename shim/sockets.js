// @ts-check
import { originOf, violationOf, watchViolations } from "./csp.js";
import { messageOf } from "./error.js";
import { open, repeat, takeFirstSocket } from "./first-socket.js";
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
  /** @type {Map<number, {socket: WebSocket, stop: () => void}>} stop ends the watch for the page's policy */
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
    let socket, first;
    try {
      if (violationOf(href)) throw new Error(violationOf(href));
      first = takeFirstSocket(href);
      socket = first?.socket ?? new WebSocket(href);
    } catch (thrown) {
      this.#events.closed(generation, 1006, messageOf(thrown), true);
      return;
    }
    const stop = watchViolations((origin) => {
      if (origin !== originOf(href)) return;
      this.abandon(generation, 1000, "");
      this.#events.closed(generation, 1006, violationOf(href), true);
    });
    const parts = new FrameParts();
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      stop();
      this.#events.opened(generation);
    };
    socket.onmessage = (event) => this.#events.message(generation, parts.join(event.data));
    socket.onclose = (event) => {
      this.#drop(generation);
      this.#events.closed(generation, event.code, event.reason, false);
    };
    this.#held.set(generation, { socket, stop });
    if (first) Promise.resolve().then(() => repeat(first)); // before the browser can bring more
  }

  /**
   * Nothing more comes from the socket. Its close event is not waited for: on a
   * dead network it comes a minute late.
   * @param {number} generation
   * @param {number} code
   * @param {string} reason
   */
  abandon(generation, code, reason) {
    const socket = this.#drop(generation);
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code, reason);
  }

  /**
   * @param {number} generation
   * @returns {WebSocket | undefined}
   */
  #drop(generation) {
    const held = this.#held.get(generation);
    this.#held.delete(generation);
    held?.stop();
    return held?.socket;
  }

  abandonAll() {
    for (const generation of this.#held.keys()) this.abandon(generation, 1000, "");
  }

  /**
   * @param {number} generation
   * @param {string} text
   * @returns {boolean} whether the socket accepted it
   */
  send(generation, text) {
    const socket = this.#held.get(generation)?.socket;
    if (socket?.readyState !== open) return false;
    socket.send(text);
    return true;
  }
}
