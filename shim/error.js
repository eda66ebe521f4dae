// @ts-check

/** An error that a page may want to tell apart from others, by `code`. */
export class WakesocketError extends Error {
  /**
   * A field, not an assignment: that would throw where a page has frozen Error.prototype.
   * @override
   * @type {"WakesocketError"}
   */
  name = "WakesocketError";
  /** @readonly */
  code;

  /**
   * @param {import("./shim.d.ts").ErrorCode} code
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(code, message, options) {
    super(message, options);
    this.code = code;
  }
}

/**
 * The text of anything that may be thrown.
 * @param {unknown} thrown
 * @returns {string}
 */
export function messageOf(thrown) {
  try {
    return thrown instanceof Error && thrown.message ? thrown.message : String(thrown);
  } catch {
    return "something that cannot be shown as text was thrown";
  }
}

/**
 * Reports what page code threw, as the browser does for any uncaught error.
 * @param {unknown} thrown
 */
export function reportThrown(thrown) {
  if (typeof reportError === "function") reportError(thrown);
  else {
    setTimeout(() => {
      throw thrown; // browsers before reportError: Chrome 95, Safari 15.4
    });
  }
}
