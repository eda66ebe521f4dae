// @ts-check

/** setTimeout takes no more. */
const longest = 2 ** 31 - 1;

/**
 * One deadline on performance.now(). A deadline that only moves on, as it does
 * with every frame, costs no timer: the one that is set looks again.
 */
export class Timer {
  #fire;
  #at = -1;
  #due = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #handle;

  /** @param {() => void} fire */
  constructor(fire) {
    this.#fire = fire;
  }

  /** @param {number} at -1 clears */
  set(at) {
    this.#at = at;
    if (at < 0) {
      clearTimeout(this.#handle);
      this.#handle = undefined;
    } else if (this.#handle === undefined || at < this.#due) {
      this.#arm();
    }
  }

  #arm() {
    clearTimeout(this.#handle);
    this.#due = this.#at;
    const wait = Math.ceil(this.#at - performance.now());
    this.#handle = setTimeout(this.#look, Math.min(Math.max(wait, 0), longest));
  }

  #look = () => {
    this.#handle = undefined;
    if (performance.now() < this.#at) {
      this.#arm();
      return;
    }
    this.#at = -1;
    this.#fire();
  };
}
