// @ts-check

/** @typedef {import("./boundary.js").Status} Status */
/** @typedef {import("./shim.d.ts").StateName} StateName */

/**
 * The state that the page sees. The page hears of a loss at once; it is live
 * again only when it has got the events that came before.
 */
export class ShownState {
  #show;
  #afterEvents;
  /** @type {Status} the newest, which may wait to be shown */
  #status = { name: "connecting", since: Date.now(), attempt: 0, retryAt: null, cause: "" };

  /**
   * @param {(status: Status) => void} show
   * @param {(call: () => void) => void} afterEvents calls back after the events that wait
   */
  constructor(show, afterEvents) {
    this.#show = show;
    this.#afterEvents = afterEvents;
  }

  /** Whether there is a connection that has brought all there was. */
  get connected() {
    return isConnected(this.#status);
  }

  /** @param {Status} status */
  set(status) {
    this.#status = status;
    const show = () => {
      if (status === this.#status) this.#show(status);
    };
    if (status.name === "live") this.#afterEvents(show);
    else show();
  }

  /**
   * A state of which no session knows.
   * @param {StateName} name
   */
  outside(name, cause = "") {
    if (name === this.#status.name && cause === this.#status.cause) return;
    const since = name === this.#status.name ? this.#status.since : Date.now();
    this.set({ name, since, attempt: 0, retryAt: null, cause });
  }
}

/** @param {Status} status */
export function isConnected({ name }) {
  return name === "live" || name === "checking";
}
