// @ts-check

/** A larger step of the wall clock, in ms, is a sleep or a clock that was set. */
const minStep = 2000;

/**
 * The time since the page began, in ms, sleeps included. performance.now() stands
 * still while many machines sleep; Date.now() counts on, but people and services
 * set it. When Date.now() jumps ahead, only the connection can tell the one from
 * the other: it does not survive a sleep for long.
 */
export class PageClock {
  #difference = Date.now() - performance.now();
  #slept = 0;
  /** Jump that nothing has explained yet. */
  #pending = 0;
  /** Last jump that was counted as a sleep and that the server has not confirmed. */
  #assumed = 0;

  now() {
    const mono = performance.now();
    const difference = Date.now() - mono;
    const step = difference - this.#difference;
    this.#difference = difference;
    if (Math.abs(step) > minStep) this.#pending = Math.max(0, this.#pending + step);
    return mono + this.#slept;
  }

  /**
   * Explains a jump of the wall clock.
   * @param {boolean} asleep true: the connection is gone, so the machine slept;
   * false: the connection answers, so the clock was set
   */
  explain(asleep) {
    this.now();
    if (asleep && this.#pending > 0) {
      this.#slept += this.#pending;
      this.#assumed = this.#pending;
    }
    this.#pending = 0;
  }

  /**
   * Compares an assumed sleep with a clock of somebody else.
   * @param {number} excess how far now() is ahead of that clock, in ms
   */
  verify(excess) {
    if (this.#assumed > 0 && excess > this.#assumed / 2) this.#slept -= this.#assumed;
    this.#assumed = 0;
  }
}
