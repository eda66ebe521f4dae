// @ts-check

/** @typedef {import("./engine.js").Engine} Engine */
/** @typedef {import("./engine-loader.js").EngineLoader} EngineLoader */
/** @typedef {import("./error.js").WakesocketError} WakesocketError */

/**
 * @typedef {object} Owner
 * @property {(engine: Engine) => void} ready
 * @property {(reason: string) => void} unguarded why there is no engine, "" when there is one or it is still expected
 * @property {(error: WakesocketError) => void} error
 */

/**
 * Whatever wakes a session is a reason to ask for the engine, too.
 * @param {import("./boundary.gen.js").Input} input
 */
export function isWake(input) {
  switch (input.type) {
    case "reconnect":
    case "wake":
    case "network":
      return true;
    case "visible":
    case "online":
      return input.on;
    default:
      return false;
  }
}

/** Whether a feed has the engine, or waits for it, and what the page knows of that. */
export class Guard {
  #loader;
  #owner;
  /** @type {(() => void) | undefined} ends the wait for the engine */
  #stopWaiting;
  #paused = false;
  #reason = "";

  /**
   * @param {EngineLoader} loader
   * @param {Owner} owner
   */
  constructor(loader, owner) {
    this.#loader = loader;
    this.#owner = owner;
  }

  wait() {
    this.#stopWaiting = this.#loader.wait({
      ready: (engine) => {
        this.#stopWaiting = undefined;
        this.#owner.ready(engine);
      },
      failed: (error) => this.missing(error),
    });
  }

  /** There is reason to believe that the engine can be had now. */
  hurry() {
    if (this.#paused) {
      this.#paused = false;
      this.wait();
    }
    this.#loader.hurry();
  }

  /** Nobody wants the engine any more. */
  stop() {
    this.#paused = false;
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
  }

  /** The page goes away. A browser does not keep one that still loads something. */
  pause() {
    const waiting = this.#paused || this.#stopWaiting !== undefined;
    this.stop();
    this.#paused = waiting;
  }

  /**
   * There is no engine, and it is not known when there will be one. The page is
   * told one error, and in its state the newest reason.
   * @param {WakesocketError} error
   */
  missing(error) {
    const first = this.#reason === "";
    this.#tell(error.message);
    if (first) this.#owner.error(error);
  }

  /** There is an engine, or it does not matter. */
  settled() {
    this.#tell("");
  }

  /** @param {string} reason */
  #tell(reason) {
    if (reason === this.#reason) return;
    this.#reason = reason;
    this.#owner.unguarded(reason);
  }
}
