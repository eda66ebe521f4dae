// @ts-check

/** Steps that run one after another: what is asked for during a step waits until it has ended. */
export class Turns {
  /** @type {(() => void)[]} */
  #steps = [];
  #busy = false;
  #failed;

  /** @param {(cause: unknown) => void} failed a step has thrown; the next ones run all the same */
  constructor(failed) {
    this.#failed = failed;
  }

  /** @param {() => void} step */
  run(step) {
    this.#steps.push(step);
    if (this.#busy) return;
    this.#busy = true;
    for (let next; (next = this.#steps.shift()); ) {
      try {
        next();
      } catch (cause) {
        this.#failed(cause);
      }
    }
    this.#busy = false;
  }
}
