// @ts-check

/** setTimeout accepts no more. */
const longest = 2 ** 31 - 1;

/** One deadline on performance.now(). */
export class Timer {
  #fire;
  #at = -1;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #handle;

  /** @param {() => void} fire */
  constructor(fire) {
    this.#fire = fire;
  }

  /** @param {number} at -1 clears */
  set(at) {
    this.#at = at;
    clearTimeout(this.#handle);
    if (at >= 0) this.#arm();
  }

  #arm() {
    const wait = Math.ceil(this.#at - performance.now());
    this.#handle = setTimeout(this.#look, Math.min(Math.max(wait, 0), longest));
  }

  #look = () => {
    // Timers may fire early: their clock is not performance.now().
    if (performance.now() < this.#at) this.#arm();
    else this.#fire();
  };
}
