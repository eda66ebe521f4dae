// @ts-check
import { WakesocketError } from "./error.js";

/** @typedef {import("./engine.js").Engine} Engine */

/**
 * Who waits for the engine.
 * @typedef {object} Waiter
 * @property {(engine: Engine) => void} ready called once
 * @property {(error: WakesocketError, attempt: number, retryAt: number | null) => void} failed a try failed or hangs; the next
 *   is made at retryAt (epoch milliseconds), or right now
 */

/** How long the first try may take until another is made beside it; doubled by each failure. */
const firstLimit = 8_000;
const longestLimit = 120_000;
/** Bounds of the wait after a try that failed. */
const minDelay = 1_000;
const maxDelay = 30_000;
/** Between two tries, whatever asks for them. */
const minGap = 500;
/** An engine that ran this long was sound: its death is not counted with the failures before. */
const soundAfter = 60_000;

/**
 * Loads the engine, and goes on trying. A try that hangs gets another beside it;
 * the first try is kept, because on a slow link it may be half done, and the
 * second one is replaced by others that get more and more time.
 */
export class EngineLoader {
  #load;
  #random;
  /** @type {Set<Waiter>} */
  #waiters = new Set();
  /** @type {AbortController[]} the tries under way, at most two, the oldest first */
  #tries = [];
  #startedAt = -Infinity;
  #notBefore = -Infinity;
  #failures = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Engine | undefined} */
  #engine;
  #readyAt = 0;

  /**
   * @param {(signal: AbortSignal, again: boolean) => Promise<Engine>} load again: what the browser has cached may be the fault
   * @param {() => number} [random]
   */
  constructor(load, random = Math.random) {
    this.#load = load;
    this.#random = random;
  }

  /**
   * @param {Waiter} waiter
   * @returns {() => void} ends the wait
   */
  wait(waiter) {
    this.#waiters.add(waiter);
    if (this.#engine) queueMicrotask(() => this.#handOut());
    else if (this.#timer === undefined) this.#startAt(this.#notBefore);
    return () => {
      this.#waiters.delete(waiter);
      if (this.#waiters.size === 0) this.#giveUp();
    };
  }

  /** There is reason to believe that a new try succeeds: the page woke up, or somebody asked for it. */
  hurry() {
    if (this.#engine || this.#waiters.size === 0) return;
    const soonest = this.#startedAt + minGap;
    if (this.#tries.length === 0 || performance.now() >= soonest) this.#startAt(soonest);
  }

  /** @param {number} at on performance.now() */
  #startAt(at) {
    clearTimeout(this.#timer);
    const delay = at - performance.now();
    if (delay > 0) this.#timer = setTimeout(() => this.#start(), delay);
    else this.#start();
  }

  #start() {
    clearTimeout(this.#timer);
    if (this.#tries.length === 2) this.#tries.pop()?.abort();
    const again = this.#failures > 0 || this.#tries.length > 0;
    const attempt = new AbortController();
    this.#tries.push(attempt);
    this.#startedAt = performance.now();
    this.#load(attempt.signal, again).then(
      (engine) => this.#loaded(attempt, engine),
      (error) => this.#failed(attempt, error),
    );
    const limit = Math.min(firstLimit * 2 ** this.#failures, longestLimit);
    this.#timer = setTimeout(() => this.#overdue(limit), limit);
  }

  /** @param {number} limit */
  #overdue(limit) {
    this.#failures++;
    this.#start();
    this.#report(new WakesocketError("engine-failed", `client.wasm has not arrived after ${limit / 1000} s; it is asked for once more`), null);
  }

  /**
   * @param {AbortController} attempt
   * @param {WakesocketError} error
   */
  #failed(attempt, error) {
    if (!this.#tries.includes(attempt)) return;
    this.#tries = this.#tries.filter((other) => other !== attempt);
    this.#failures++;
    const delay = this.#delay();
    this.#startAt(performance.now() + delay);
    this.#report(error, Date.now() + delay);
  }

  /**
   * @param {AbortController} attempt
   * @param {Engine} engine
   */
  #loaded(attempt, engine) {
    if (!this.#tries.includes(attempt)) return;
    this.#tries = this.#tries.filter((other) => other !== attempt);
    this.#giveUp();
    this.#engine = engine;
    this.#readyAt = performance.now();
    engine.ended = () => this.#ended();
    // For whoever measures the page.
    globalThis.performance.mark?.("wakesocket.engine");
    this.#handOut();
  }

  /** The engine died. The next is loaded when somebody waits for it, but not in a tight loop. */
  #ended() {
    this.#engine = undefined;
    if (performance.now() - this.#readyAt >= soundAfter) this.#failures = 0;
    this.#failures++;
    this.#notBefore = performance.now() + this.#delay();
    if (this.#waiters.size > 0) this.#startAt(this.#notBefore);
  }

  #handOut() {
    // An engine may die of what its first feed does; the others wait for the next.
    for (const waiter of [...this.#waiters]) {
      if (!this.#engine) return;
      if (this.#waiters.delete(waiter)) waiter.ready(this.#engine);
    }
  }

  #giveUp() {
    for (const attempt of this.#tries) attempt.abort();
    this.#tries = [];
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Exponential, and random, so that many pages do not come back at once. */
  #delay() {
    const bound = Math.min(minDelay * 2 ** (this.#failures - 1), maxDelay);
    return Math.round(bound * (0.5 + this.#random() / 2));
  }

  /**
   * @param {WakesocketError} error
   * @param {number | null} retryAt
   */
  #report(error, retryAt) {
    for (const waiter of [...this.#waiters]) waiter.failed(error, this.#failures, retryAt);
  }
}
