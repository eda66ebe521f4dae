// @ts-check

/** An error that a page may want to tell apart from others, by `code`. */
export class WakesocketError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(code, message, options) {
    super(message, options);
    this.name = "WakesocketError";
    /** @readonly */
    this.code = code;
  }
}

/**
 * The text of anything that may be thrown.
 * @param {unknown} thrown
 */
export function messageOf(thrown) {
  return thrown instanceof Error && thrown.message ? thrown.message : String(thrown);
}
