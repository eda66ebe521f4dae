// @ts-check

/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */

/** Events of which the session does not know yet whether the page has them. */
export class HeldEvents {
  /** @type {FeedEvent[]} */
  #events = [];
  /** @type {string[]} */
  #ids = [];

  /**
   * Keeps the last ones of a burst.
   * @param {FeedEvent[]} events
   * @param {string[]} ids
   * @param {number} count
   */
  keep(events, ids, count) {
    if (count === 0) return;
    this.#events.push(...events.slice(-count));
    this.#ids.push(...ids.slice(-count));
  }

  /** Takes out all. */
  take() {
    const taken = { events: this.#events, ids: this.#ids };
    this.#events = [];
    this.#ids = [];
    return taken;
  }
}
