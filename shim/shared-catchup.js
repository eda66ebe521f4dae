// @ts-check
import { Driver } from "./driver.js";
import { entryOf, gapEntry, moveTo } from "./shared-entry.js";

/** @typedef {import("./shared-ring.js").Entry} Entry */

/**
 * Where what is caught up with goes. None of it may throw.
 * @typedef {object} Taker
 * @property {(entry: Entry) => boolean} take whether more is wanted of this connection
 * @property {() => void} paused some were taken
 * @property {(status: import("./boundary.js").Status) => void} status
 * @property {(error: import("./error.js").WakesocketError) => void} error
 */

/**
 * A connection of one tab, for what the ring no longer holds: it replays from the
 * server, so that the other tabs notice nothing. It ends when the tab has reached
 * an entry of the ring.
 */
export class CatchUp {
  #driver;
  #ended = false;

  /**
   * @param {Taker} taker
   * @param {import("./boundary.js").Page["url"]} url
   * @param {import("./boundary.js").Settings} settings
   */
  constructor(taker, url, settings) {
    let position = settings.after;
    /** @param {Entry} entry */
    const take = (entry) => {
      position = entry.position || position;
      if (!this.#ended && !taker.take(entry)) this.end();
    };
    this.#driver = new Driver(
      {
        url,
        status: (status) => {
          if (!this.#ended) taker.status(status);
        },
        unguarded() {}, // the shared connection tells the same
        deliver: (event, at) => take(entryOf(event, at, this.#driver.cursor, this.#driver.cursor !== position)),
        paused: () => {
          if (this.#driver.cursor !== position) take(moveTo(this.#driver.cursor));
          if (!this.#ended) taker.paused();
        },
        lagChanged() {},
        gap: (gap) => take(gapEntry(gap)),
        rtt() {},
        control() {},
        error: (error) => {
          if (!this.#ended) taker.error(error);
        },
      },
      settings,
    );
  }

  start() {
    this.#driver.start();
  }

  end() {
    if (this.#ended) return;
    this.#ended = true;
    this.#driver.stop();
  }

  /** @param {"wake" | "network"} kind */
  wake(kind) {
    this.#driver.wake(kind);
  }
}
