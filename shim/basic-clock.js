// @ts-check

/** The wall clock runs ahead by more than this only in a sleep, and timers are later only after one. */
export const sleepLimit = 2_000;
/** How often a visible page looks at its clocks: laptops often wake without any event. */
const watchEvery = 500;

/** The two clocks of a basic session, and the timer that the driver has for it. */
export class BasicClock {
  /** On performance.now(). */
  mono = 0;
  /** Epoch milliseconds. */
  wall = 0;
  /** The driver's timer, -1 when it has none. */
  #timer = -1;

  /**
   * @param {number} mono
   * @param {number} wall
   * @param {boolean} watched a timer that is late is a sleep, too: the browser does not slow it down
   * @returns {number} the milliseconds of a sleep since the last time, 0 for none
   */
  advance(mono, wall, watched) {
    const jump = wall - this.wall - (mono - this.mono);
    const late = watched && this.#timer >= 0 ? mono - this.#timer : 0;
    // The timer is still to fire. What it is late by counts once.
    if (late > sleepLimit) this.#timer = mono;
    this.mono = mono;
    this.wall = wall;
    const slept = jump > sleepLimit ? jump : late;
    return slept > sleepLimit ? slept : 0;
  }

  /** The timer has fired. */
  fired() {
    this.#timer = -1;
  }

  /**
   * Moves the timer only when it would come too late: each burst of events pushes
   * the deadline back.
   * @param {number} due when something is to be done, Infinity for never
   * @param {boolean} watched whether a sleep should be noticed soon
   * @returns {import("./boundary.gen.js").TimerEffect | undefined}
   */
  move(due, watched) {
    const next = watched ? Math.min(due, this.mono + watchEvery) : due;
    const at = next === Infinity ? -1 : next;
    if (at < 0 ? this.#timer < 0 : this.#timer >= 0 && this.#timer <= at) return;
    this.#timer = at;
    return { type: "timer", at, every: 0 }; // to look is cheap here
  }
}
