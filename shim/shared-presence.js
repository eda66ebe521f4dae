// @ts-check
// How a tab and the worker notice that the other one is gone. A MessagePort tells
// nothing. A Web Lock is free as soon as its holder is gone, however it went. Pages
// that are not secure have none; there the worker pings, and the tab answers.
import { ask } from "./environment.js";

/** How often the worker pings, and how many of its pings may stay without an answer. */
export const pingEvery = 20_000;
export const missesMax = 3;

/** @returns {LockManager | undefined} undefined where the browser or the page has none */
export function locks() {
  return ask(() => navigator.locks);
}

/**
 * Takes a lock of this name and keeps it.
 * @param {string} name
 * @returns {Promise<() => void>} resolves when it is taken, with what gives it back
 */
export function hold(name) {
  return new Promise((resolve, reject) => {
    const manager = /** @type {LockManager} */ (locks());
    manager.request(name, () => new Promise((release) => resolve(() => release(undefined)))).catch(reject);
  });
}

/**
 * Calls back when the holder of the lock is gone.
 * @param {string} name
 * @param {() => void} gone
 * @returns {() => void} ends the watch
 */
export function watchHolder(name, gone) {
  const end = new AbortController();
  const manager = /** @type {LockManager} */ (locks());
  manager.request(name, { signal: end.signal }, gone).catch(() => {}); // the watch has ended
  return () => end.abort();
}

/** Counts the intervals in which nothing was heard. */
export class Silence {
  #tick;
  #gone;
  #misses = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {() => void} tick called in each interval
   * @param {() => void} gone nothing was heard for too many of them
   */
  constructor(tick, gone) {
    this.#tick = tick;
    this.#gone = gone;
    this.#arm();
  }

  heard() {
    this.#misses = 0;
  }

  end() {
    clearTimeout(this.#timer);
  }

  #arm() {
    this.#timer = setTimeout(() => {
      if (this.#misses++ >= missesMax) {
        this.#gone();
        return;
      }
      this.#tick();
      this.#arm();
    }, pingEvery);
  }
}
