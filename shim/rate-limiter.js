// @ts-check

/**
 * A token bucket: so many at once, and then so many a second. It keeps below the
 * server's own limit, because the network may hold messages back and then hand
 * them over all at once.
 */
export class RateLimiter {
  #rate;
  #burst;
  #tokens;
  #at = performance.now();

  /**
   * @param {number} rate the server's limit a second, or Infinity
   * @param {number} burst the server's limit at once, or Infinity
   */
  constructor(rate, burst) {
    this.#rate = rate * 0.9;
    this.#burst = Math.max(1, Math.floor(burst / 2));
    this.#tokens = this.#burst;
  }

  /** @returns {number} 0 when one may be sent now, which counts it; else for how many milliseconds to wait */
  take() {
    if (this.#rate === Infinity) return 0;
    const now = performance.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#at) * this.#rate) / 1000);
    this.#at = now;
    if (this.#tokens < 1) return Math.ceil(((1 - this.#tokens) * 1000) / this.#rate);
    this.#tokens--;
    return 0;
  }
}
