// @ts-check

/** @typedef {{price: number, time: number}} Shown time: when it was published, epoch ms of the server */

/** What one client knows of the prices. */
export class Board {
  /** @type {Map<string, Shown>} */
  #shown = new Map();
  /** How many came. */
  received = 0;
  /** How many were passed over for newer ones. */
  skipped = 0;

  /** @param {string} name @param {number} price @param {number} time @param {number} [skipped] */
  note(name, price, time, skipped = 0) {
    this.#shown.set(name, { price, time });
    this.received++;
    this.skipped += skipped;
  }

  /** @param {string} name */
  get(name) {
    return this.#shown.get(name);
  }

  /** A row that is out of sight is not followed: what it showed is of no use. @param {string} name */
  forget(name) {
    this.#shown.delete(name);
  }

  /** How old the oldest of these is, in ms; null when none is known. @param {readonly string[]} names @param {number} now */
  oldest(names, now) {
    let oldest = null;
    for (const name of names) {
      const shown = this.#shown.get(name);
      if (shown) oldest = Math.max(oldest ?? 0, now - shown.time);
    }
    return oldest;
  }
}
