// @ts-check
import { WakesocketError, messageOf } from "./error.js";

/** A cursor in sessionStorage: it survives a reload of its tab. */
export class SavedCursor {
  #key;
  #failed;
  /** @type {string | null} */
  #last = null;

  /**
   * @param {string | undefined} key undefined: nothing is saved
   * @param {(error: WakesocketError) => void} failed called once
   */
  constructor(key, failed) {
    this.#key = key;
    this.#failed = failed;
  }

  /** @returns {string} "" when there is none */
  read() {
    return this.#try((key) => sessionStorage.getItem(key)) ?? "";
  }

  /** @param {string} cursor */
  write(cursor) {
    if (cursor === this.#last) return;
    this.#last = cursor;
    this.#try((key) => sessionStorage.setItem(key, cursor));
  }

  /**
   * @template T
   * @param {(key: string) => T} use
   * @returns {T | undefined}
   */
  #try(use) {
    if (this.#key === undefined) return undefined;
    try {
      return use(this.#key);
    } catch (cause) {
      this.#key = undefined;
      this.#failed(new WakesocketError("persist-failed", `the cursor will not survive a reload: ${messageOf(cause)}`, { cause }));
      return undefined;
    }
  }
}
