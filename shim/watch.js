// @ts-check
import { Timer } from "./timer.js";

/** A moment on both clocks, in ms. @typedef {{mono: number, wall: number}} Instant */

/** A look that is later than this, or finds the clocks further apart, is for the session to judge. */
const tolerance = 100;

/**
 * The timer of a session, and its watch on the clocks: laptops often wake without
 * any event. Nearly every look finds both clocks in step, and to call client.wasm
 * for it is most of what an idle page would cost. So the looks are made here, and
 * the session hears of the last one with its next input.
 */
export class Watch {
  #fire;
  #timer;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #interval;
  /** Infinity for never. */
  #at = Infinity;
  #every = 0;
  /** The last look or input. */
  #mono = performance.now();
  #wall = Date.now();
  /** The last look, on performance.now(). */
  #lookedAt = 0;
  #looked = false;

  /** @param {() => void} fire the time has come, or something may be wrong with the clocks */
  constructor(fire) {
    this.#fire = fire;
    this.#timer = new Timer(fire);
  }

  /**
   * @param {number} at on performance.now(); negative for never
   * @param {number} every ms between looks at the clocks; 0 for none
   */
  set(at, every) {
    this.#timer.set(at);
    this.#at = at < 0 ? Infinity : at;
    if (every === this.#every) return;
    this.#every = every;
    clearInterval(this.#interval);
    // An interval costs an idle page less than a new timer for each look.
    if (every > 0) this.#interval = setInterval(this.#look, every);
    this.#lookedAt = performance.now();
  }

  /**
   * Hands in an input, and the last look.
   * @param {import("./boundary.js").Session} session
   * @param {import("./boundary.gen.js").Input} input
   */
  step(session, input) {
    const look = this.#looked ? { mono: this.#mono, wall: this.#wall } : undefined;
    this.#looked = false;
    this.#mono = performance.now();
    this.#wall = Date.now();
    return session.step(input, { mono: this.#mono, wall: this.#wall }, look);
  }

  #look = () => {
    const mono = performance.now();
    const wall = Date.now();
    const late = mono - this.#lookedAt - this.#every;
    const jump = wall - this.#wall - (mono - this.#mono);
    this.#lookedAt = mono;
    if (mono >= this.#at) return; // the timer brings a tick
    if (late > tolerance || Math.abs(jump) > tolerance) {
      this.#fire();
      return;
    }
    this.#mono = mono;
    this.#wall = wall;
    this.#looked = true;
  };
}
