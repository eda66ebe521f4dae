// @ts-check
import { reportThrown } from "./error.js";
import { Queue } from "./queue.js";

/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */

/** After how long events that wait count as lag, in milliseconds. */
const lagAfter = 500;

/**
 * @typedef {object} Receiver
 * @property {(event: FeedEvent, id: string, at: number) => void} deliver at: when it had arrived, on performance.now()
 * @property {() => void} paused some were delivered, and now the browser gets its turn
 * @property {() => void} lagChanged the lag began or ended
 */

/** @typedef {{events: FeedEvent[], ids: string[], next: number, at: number} | {call: () => void}} Item */

/**
 * What the page has still to be told, in order: events, and what comes between
 * them. Callbacks may be slower than the feed, so events wait here, and the
 * browser renders in between.
 */
export class Delivery {
  #receiver;
  #schedule;
  /** @type {Queue<Item>} */
  #queue = new Queue();
  #events = 0;
  #lagging = false;

  /**
   * @param {Receiver} receiver
   * @param {() => void} schedule asks for deliver() to be called soon
   */
  constructor(receiver, schedule) {
    this.#receiver = receiver;
    this.#schedule = schedule;
  }

  get waiting() {
    return this.#queue.length > 0;
  }

  /** How many events wait; 0 until one has waited for a while. */
  get lag() {
    return this.#lagging ? this.#events : 0;
  }

  /**
   * @param {FeedEvent[]} events
   * @param {string[]} ids
   * @param {string} mask "1" for each event to deliver, "0" for each that was delivered before; "" delivers all
   */
  events(events, ids, mask) {
    if (mask !== "") {
      events = events.filter((_, i) => mask[i] === "1");
      ids = ids.filter((_, i) => mask[i] === "1");
    }
    if (events.length === 0) return;
    this.#events += events.length;
    this.#queue.push({ events, ids, next: 0, at: performance.now() });
    this.#schedule();
  }

  /**
   * Earlier events that the page asked for. They move no cursor.
   * @param {FeedEvent[]} events
   */
  history(events) {
    for (const event of events) event.history = true;
    this.events(
      events,
      events.map(() => ""),
      "",
    );
  }

  /**
   * Events that move no cursor.
   * @param {FeedEvent[]} events
   * @param {() => void} got when they were delivered
   */
  newest(events, got) {
    const ids = events.map(() => "");
    this.events(events, ids, "");
    this.then(got);
  }

  /**
   * Calls back after the events that wait; now when none does.
   * @param {() => void} call
   */
  then(call) {
    if (!this.waiting) {
      call();
      return;
    }
    this.#queue.push({ call });
  }

  /**
   * Delivers what waits: at least one event, and then on until the deadline.
   * @param {number} deadline on performance.now()
   */
  deliver(deadline) {
    if (!this.waiting) return;
    do {
      this.#deliverOne();
    } while (this.waiting && performance.now() < deadline);
    this.#receiver.paused();
    this.#judgeLag();
  }

  /** Forgets what waits. */
  clear() {
    this.#queue.clear();
    this.#events = 0;
    this.#judgeLag();
  }

  #deliverOne() {
    const item = /** @type {Item} */ (this.#queue.first());
    // Whatever a callback does, such as closing the feed, finds this item done.
    try {
      if ("call" in item) {
        this.#queue.shift();
        item.call();
        return;
      }
      const i = item.next++;
      if (item.next === item.events.length) this.#queue.shift();
      this.#events--;
      this.#receiver.deliver(item.events[i], item.ids[i], item.at);
    } catch (thrown) {
      reportThrown(thrown); // and the next one gets its turn
    }
  }

  #judgeLag() {
    const oldest = this.#queue.first();
    const lagging = oldest !== undefined && ("call" in oldest ? this.#lagging : performance.now() - oldest.at > lagAfter);
    if (lagging === this.#lagging) return;
    this.#lagging = lagging;
    this.#receiver.lagChanged();
  }
}
