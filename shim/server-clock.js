// @ts-check

/** No frame takes longer from the server to the page, in ms. */
const maxDelay = 60_000;

/**
 * The server's clock as seen from the page. A frame cannot arrive before it was
 * sent, so the frame that seems the quickest gives the best estimate. Until the
 * server tells its time, the page's own wall clock is the estimate; it is read
 * once, so that setting it changes no age.
 */
export class ServerClock {
  #page;
  /** The server's time minus the page clock. */
  #offset;
  /** Whether the server has told its time. */
  #known = false;
  /** Half of the quickest round trip: how long a frame is under way. */
  #delay = 0;

  /** @param {import("./page-clock.js").PageClock} page */
  constructor(page) {
    this.#page = page;
    this.#offset = Date.now() - page.now();
  }

  /**
   * The server said what time it is.
   * @param {number} time epoch ms
   */
  hello(time) {
    this.#page.explain(true); // a sleep, unless this clock says otherwise
    if (this.#known) this.#page.verify(this.#offset - this.#sample(time));
    const offset = this.#sample(time);
    const setBack = this.#offset - offset > maxDelay;
    this.#offset = this.#known && !setBack ? Math.max(this.#offset, offset) : offset;
    this.#known = true;
  }

  /**
   * An event of this time has just arrived.
   * @param {number} time epoch ms
   */
  event(time) {
    this.#offset = Math.max(this.#offset, this.#sample(time));
  }

  /** @param {number} ms a round trip */
  roundTrip(ms) {
    this.#delay = this.#delay > 0 ? Math.min(this.#delay, ms / 2) : ms / 2;
  }

  /**
   * How long ago a time of the server was, in ms.
   * @param {number} time epoch ms
   */
  age(time) {
    return Math.max(0, this.#page.now() + this.#offset + this.#delay - time);
  }

  /** @param {number} time */
  #sample(time) {
    return time - this.#page.now();
  }
}
