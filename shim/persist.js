// @ts-check
import { WakesocketError, messageOf } from "./error.js";

/** A cursor that survives a reload of its tab, in sessionStorage. */
export class Kept {
  #key;
  #failed;
  /** @type {string | null} */
  #last = null;

  /**
   * @param {string | undefined} key none keeps nothing
   * @param {(error: WakesocketError) => void} failed told once
   */
  constructor(key, failed) {
    this.#key = key;
    this.#failed = failed;
  }

  /** @returns {string} */
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

/** @type {string | undefined} */
let tab;

/** A random id of this tab, the same after a reload where the browser lets us keep it. */
export function tabID() {
  if (tab) return tab;
  const name = "wakesocket.client";
  const fresh = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  try {
    tab = sessionStorage.getItem(name) ?? fresh;
    sessionStorage.setItem(name, tab);
  } catch {
    tab = fresh;
  }
  return tab;
}
