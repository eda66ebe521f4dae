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

  /** @returns {{cursor: string, since: string}} "" when there is none */
  read() {
    const [cursor, since = ""] = (this.#try((key) => sessionStorage.getItem(key)) ?? "").split("\n");
    return { cursor, since };
  }

  /**
   * @param {string} cursor
   * @param {string} since "" for none
   */
  write(cursor, since) {
    const text = since ? `${cursor}\n${since}` : cursor;
    if (text === this.#last) return;
    this.#last = text;
    this.#try((key) => sessionStorage.setItem(key, text));
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
