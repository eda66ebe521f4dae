// @ts-check
import { WakesocketError } from "./error.js";
import { readFrame } from "./frame.js";
import { macrotask } from "./macrotask.js";

/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */

/**
 * Where frames go, in the order of their arrival. Consecutive events of one
 * socket come together.
 * @typedef {object} Out
 * @property {(gen: number, events: FeedEvent[], ids: string[]) => void} events
 * @property {(gen: number, control: Record<string, unknown>) => void} control
 * @property {(gen: number) => void} pong
 * @property {(gen: number) => void} other a frame without any use but as a sign of life
 * @property {(error: WakesocketError) => void} error
 */

/**
 * Gathers inbound frames and hands them on once a burst, because a call into Go
 * costs as much as a hundred frames.
 */
export class Pump {
  #out;
  #schedule;
  #scheduled = false;
  /** @type {(number | unknown)[]} gen and data by turns */
  #queue = [];

  #gen = 0;
  /** @type {FeedEvent[]} */
  #events = [];
  /** @type {string[]} */
  #ids = [];
  #useful = false;

  /**
   * @param {Out} out
   * @param {(work: () => void) => void} [schedule]
   */
  constructor(out, schedule = macrotask) {
    this.#out = out;
    this.#schedule = schedule;
  }

  /**
   * @param {number} gen
   * @param {unknown} data undefined for a part of a frame
   */
  push(gen, data) {
    this.#queue.push(gen, data);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(this.#due);
  }

  #due = () => {
    this.#scheduled = false;
    this.flush();
  };

  /** Hands on whatever has arrived. */
  flush() {
    const queue = this.#queue;
    if (queue.length === 0) return;
    this.#queue = [];
    for (let i = 0; i < queue.length; i += 2) this.#read(/** @type {number} */ (queue[i]), queue[i + 1]);
    this.#endRun();
  }

  /** Forgets whatever has arrived. */
  clear() {
    this.#queue = [];
  }

  /**
   * @param {number} gen
   * @param {unknown} data
   */
  #read(gen, data) {
    if (gen !== this.#gen) this.#endRun();
    this.#gen = gen;
    if (data === "pong") {
      this.#endRun();
      this.#out.pong(gen);
      return;
    }
    this.#useful = false;
    if (typeof data === "string") readFrame(data, this);
    else if (data !== undefined) this.error(new WakesocketError("frame-binary", "a frame is binary; events are JSON text"));
    if (this.#useful) return;
    this.#endRun();
    this.#out.other(gen);
  }

  #endRun() {
    if (this.#events.length === 0) return;
    const events = this.#events;
    const ids = this.#ids;
    this.#events = [];
    this.#ids = [];
    this.#out.events(this.#gen, events, ids);
  }

  /**
   * @param {FeedEvent} event
   * @param {string} id
   */
  event(event, id) {
    this.#useful = true;
    this.#events.push(event);
    this.#ids.push(id);
  }

  /** @param {Record<string, unknown>} control */
  control(control) {
    this.#useful = true;
    this.#endRun();
    this.#out.control(this.#gen, control);
  }

  /** @param {WakesocketError} error */
  error(error) {
    this.#out.error(error);
  }
}
