// @ts-check
import { digest } from "./digest.js";
import { WakesocketError, reportThrown } from "./error.js";
import { readFrame } from "./frame.js";
import { Queue } from "./queue.js";

/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */

/**
 * Where frames go, in the order of their arrival. Consecutive events of one
 * socket come together.
 * @typedef {object} Out
 * @property {(generation: number, events: FeedEvent[], ids: string[], contents: string[]) => void} events contents: for each a digest of its frame, "" where that holds several; empty from a feed that says what it replays
 * @property {(generation: number, control: Record<string, unknown>) => void} control
 * @property {(generation: number) => void} pong
 * @property {(generation: number) => void} other a frame that shows only that the socket works
 * @property {(error: WakesocketError) => void} error
 */

/** @typedef {{generation: number, data: unknown} | {input: () => void}} Item */

/**
 * Everything that happened to the sockets and around them, in order. Frames wait
 * here until they are read, many at once, because a call into Go costs as much as
 * a hundred frames; whatever else happened waits until the frames before it were
 * read.
 */
export class Pump {
  #out;
  #schedule;
  /** @type {Queue<Item>} */
  #queue = new Queue();

  #generation = 0;
  /** @type {FeedEvent[]} */
  #events = [];
  /** @type {string[]} */
  #ids = [];
  /** @type {string[]} */
  #contents = [];
  /** The generation of the last socket with a control frame: its feed needs no digests. */
  #controlled = 0;
  /** The frame that is being read, where it may be one event of a plain server. */
  #plain = "";
  #useful = false;

  /**
   * @param {Out} out
   * @param {() => void} schedule asks for read() to be called soon
   */
  constructor(out, schedule) {
    this.#out = out;
    this.#schedule = schedule;
  }

  /** How many frames and inputs wait. */
  get waiting() {
    return this.#queue.length;
  }

  /**
   * @param {number} generation
   * @param {unknown} data undefined for a part of a frame
   */
  push(generation, data) {
    this.#queue.push({ generation, data });
    this.#schedule();
  }

  /**
   * Calls `input` after the frames that have arrived; now when none waits.
   * @param {() => void} input
   */
  after(input) {
    if (this.waiting === 0 && this.#events.length === 0) {
      input();
      return;
    }
    this.#queue.push({ input });
    this.#schedule();
  }

  /**
   * Reads what waits: at least one frame, and then on until the deadline.
   * @param {number} deadline on performance.now()
   */
  read(deadline) {
    for (let item; (item = this.#queue.shift()); ) {
      try {
        this.#readItem(item);
      } catch (thrown) {
        reportThrown(thrown); // and the next one gets its turn
      }
      if (performance.now() >= deadline) break;
    }
    this.#endRun();
  }

  /** @param {Item} item */
  #readItem(item) {
    if ("input" in item) {
      this.#endRun();
      item.input();
    } else {
      this.#read(item.generation, item.data);
    }
  }

  /** Forgets whatever has arrived. */
  clear() {
    this.#queue.clear();
    // A frame that is being read right now belongs to no socket any more.
    this.#generation = 0;
    this.#events = [];
    this.#ids = [];
    this.#contents = [];
  }

  /**
   * @param {number} generation
   * @param {unknown} data
   */
  #read(generation, data) {
    if (generation !== this.#generation) this.#endRun();
    this.#generation = generation;
    if (data === "pong") {
      this.#endRun();
      this.#out.pong(generation);
      return;
    }
    this.#useful = false;
    this.#plain = typeof data === "string" && generation !== this.#controlled && data[0] !== "[" ? data : "";
    if (typeof data === "string") readFrame(data, this);
    else if (data !== undefined) this.error(new WakesocketError("frame-binary", "a frame is binary; events are JSON text"));
    if (this.#useful) return;
    this.#endRun();
    this.#out.other(generation);
  }

  #endRun() {
    if (this.#events.length === 0) return;
    const events = this.#events;
    const ids = this.#ids;
    const contents = this.#contents;
    this.#events = [];
    this.#ids = [];
    this.#contents = [];
    this.#out.events(this.#generation, events, ids, this.#generation === this.#controlled ? [] : contents);
  }

  /**
   * @param {FeedEvent} event
   * @param {string} id
   */
  event(event, id) {
    this.#useful = true;
    this.#events.push(event);
    this.#ids.push(id);
    this.#contents.push(this.#plain && digest(this.#plain));
  }

  /** @param {Record<string, unknown>} control */
  control(control) {
    this.#useful = true;
    this.#controlled = this.#generation;
    this.#endRun();
    this.#out.control(this.#generation, control);
  }

  /** @param {WakesocketError} error */
  error(error) {
    this.#out.error(error);
  }
}
