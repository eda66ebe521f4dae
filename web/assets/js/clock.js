// @ts-check

/** Epoch ms that nobody can set: it goes on from when the page was opened. */
export const steadyNow = () => performance.timeOrigin + performance.now();

/**
 * The server's clock as seen from here. The quickest arrival of late is the best
 * guess at the difference; a slow one says more about the network.
 */
export class ServerClock {
  #skew = NaN;
  #at = 0;

  /** @param {number} serverTime @param {number} now both epoch ms */
  note(serverTime, now) {
    const skew = now - serverTime;
    // A guess that has not been confirmed for a minute may be an old clock's.
    if (!(skew >= this.#skew) || now - this.#at > 60_000) this.#skew = skew;
    if (skew - this.#skew < 200) this.#at = now;
  }

  /** How late an event came, in ms. @param {number} serverTime @param {number} arrived */
  lag(serverTime, arrived) {
    return arrived - serverTime - this.#skew;
  }

  /** @param {number} now here @returns {number} */
  now(now) {
    return Number.isNaN(this.#skew) ? now : now - this.#skew;
  }
}
