// @ts-check
import { WakesocketError } from "./error.js";

/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */
/** @typedef {import("./shim.d.ts").AddOptions} AddOptions */

/**
 * Who waits for an answer.
 * @template T
 * @typedef {{resolve: (answer: T) => void, reject: (error: WakesocketError) => void}} Waiter
 */

/**
 * A question to the feed. A connection may be lost before its answer, so it can be
 * asked again.
 * @typedef {object} Request
 * @property {Record<string, unknown>} frame without its number
 * @property {Waiter<Record<string, any>>} waiter
 * @property {((events: FeedEvent[]) => void)} [events] gets those that come before the answer
 */

/** Questions that may wait; a page that asks faster for longer must slow down. */
const maxOpen = 1000;

/** The numbered questions of one feed, over all of its connections. */
export class Requests {
  #number = 0;
  /** @type {Map<number, Request>} those without an answer, in order */
  #open = new Map();

  /**
   * @param {Request} request
   * @returns {number} its number, 0 when there are too many
   */
  add(request) {
    if (this.#open.size >= maxOpen) {
      request.waiter.reject(new WakesocketError("too-many-messages", `a request was not sent: ${maxOpen} others wait for their answers`));
      return 0;
    }
    this.#open.set(++this.#number, request);
    return this.#number;
  }

  /** @param {number} number */
  text(number) {
    const request = this.#open.get(number);
    return request && frameText({ ...request.frame, n: number });
  }

  /** The numbers of those that have no answer. */
  get numbers() {
    return [...this.#open.keys()];
  }

  /**
   * Takes a frame that answers a question.
   * @param {Record<string, any>} frame
   * @returns {boolean} whether it is one
   */
  answer(frame) {
    const request = this.#open.get(frame.n);
    if (!request) return false;
    if (frame.wakesocket === "history") {
      request.events?.(Array.isArray(frame.events) ? frame.events.filter(isObject) : []);
      if (frame.more === true) return true;
    } else if (frame.wakesocket !== "followed" && frame.wakesocket !== "error") return false;
    this.#open.delete(frame.n);
    request.waiter.resolve(frame);
    return true;
  }

  /** @param {WakesocketError} error */
  fail(error) {
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const { waiter } of open) waiter.reject(error);
  }
}

/**
 * A control frame as JSON. Lists are written item by item: old libraries give
 * arrays a toJSON that makes a string of them.
 * @param {Record<string, unknown>} frame
 */
export function frameText(frame) {
  const one = (/** @type {unknown} */ value) => (Array.isArray(value) ? `[${value.map((item) => JSON.stringify(item)).join()}]` : JSON.stringify(value));
  const fields = Object.entries(frame).filter(([, value]) => value !== undefined);
  return `{${fields.map(([name, value]) => `"${name}":${one(value)}`).join()}}`;
}

/** @param {unknown} value */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
