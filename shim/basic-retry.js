// @ts-check
import { abnormal, refusal } from "./close-codes.js";

const maxWindow = 600_000;
const dialGap = 1_000;
const noDelay = 5;
const offlineFailures = 4;
const hopelessFactor = 10;

/** When to dial, and with what: the rules of wasm/session/retry.go. Times are those of performance.now(). */
export class BasicRetry {
  failures = 0;
  /** When the first of them was. */
  since = 0;
  /** When a dial is wanted and there is none. */
  at = 0;
  lastDial = -dialGap;
  /** `at` is the server's advice: no wake makes it earlier. */
  serverAdvice = false;
  /** The browser refused the last address. */
  hopeless = false;
  /** The server refused the token: dials get a new one. */
  freshToken = false;
  /** Why there is still no connection. */
  reason = "";
  /** @type {{cause: string, up: number, at: number} | undefined} a connection that was lost, until the next has spoken */
  previous;
  /** Over how many milliseconds the first retry after a loss is spread. */
  window;
  #options;
  #random;

  /**
   * @param {{firstRetryWindow: number, minReconnectDelay: number, maxReconnectDelay: number, minUptime: number}} options
   * @param {() => number} random
   */
  constructor(options, random) {
    this.#options = options;
    this.#random = random;
    this.window = options.firstRetryWindow;
  }

  /** @param {number} ms as a feed asks for it */
  setWindow(ms) {
    this.window = Math.min(Math.max(ms, 0), maxWindow);
  }

  /** Begins anew: the next dial is due now. @param {number} now */
  reset(now) {
    this.settle();
    this.failures = 0;
    this.at = now;
    this.freshToken = false;
  }

  /** Nothing is remembered of the connections before. */
  forget() {
    this.previous = undefined;
    this.failures = 0;
  }

  /** There is a connection. */
  settle() {
    this.at = 0;
    this.serverAdvice = this.hopeless = false;
    this.reason = "";
  }

  /** @param {number} now */
  dialed(now) {
    this.lastDial = now;
    this.serverAdvice = this.hopeless = false;
  }

  /** @param {number} now */
  failed(now) {
    if (this.failures++ === 0) this.since = now;
  }

  /**
   * Remembers how a connection ended. One that did not last is a failure.
   * @param {import("./basic-socket.js").BasicSocket} socket
   * @param {string} cause
   * @param {number} now
   */
  lost(socket, cause, now) {
    const up = socket.lastFrame - socket.entered;
    this.previous = { cause, up, at: socket.lastFrameWall };
    if (up < this.#options.minUptime) this.failed(now);
  }

  /**
   * A socket ended before its first frame.
   * @param {import("./basic-socket.js").BasicSocket} socket
   * @param {number} code
   * @param {string} reason
   * @param {boolean} hopeless the browser refuses the address
   * @param {number} now
   */
  refused(socket, code, reason, hopeless, now) {
    if (hopeless) this.reason = reason;
    else if (socket.phase === "open" && code !== abnormal) this.reason = refusal(code, reason);
    else this.reason = reason ? `no connection: ${reason}` : "no connection";
    this.hopeless = hopeless;
    this.failed(now);
  }

  /**
   * A frame has come. A socket that has lived for long enough ends the series of failures.
   * @param {import("./basic-socket.js").BasicSocket} socket
   * @param {number} now
   */
  prove(socket, now) {
    this.previous = undefined;
    if (now - socket.entered < this.#options.minUptime) return;
    this.failures = 0;
    this.freshToken = socket.newToken = false;
  }

  /**
   * What the address of a dial tells of the connection before; see wasm/wire/previous.go.
   * @param {number} wall
   */
  previousText(wall) {
    if (!this.previous) return "";
    const { cause, up, at } = this.previous;
    return `${cause},${Math.floor(up)},${Math.floor(Math.max(0, wall - at))}`;
  }

  /** @param {number} at when the server asks to come back */
  advise(at) {
    this.serverAdvice = true;
    this.at = Math.max(at, this.lastDial + dialGap);
  }

  /**
   * Sets the time of the next dial: random over the window after a loss, by
   * backoff with full jitter after failures.
   * @param {number} now
   * @param {boolean} online
   */
  schedule(now, online) {
    const { minReconnectDelay, maxReconnectDelay } = this.#options;
    const failures = online ? this.failures : Math.max(this.failures, offlineFailures);
    const outage = online ? now - this.since : maxReconnectDelay;
    const random = this.#random();
    let wait = random * this.window;
    if (this.hopeless) wait = ((1 + random) / 2) * hopelessFactor * maxReconnectDelay;
    else if (failures > 0) {
      const bound = Math.min(maxReconnectDelay, minReconnectDelay * 2 ** (failures - 1));
      wait = random * Math.min(bound, Math.max(minReconnectDelay, 2 * outage));
    }
    this.at = now + (wait < noDelay ? 0 : wait);
  }

  /** What another session takes over. */
  facts() {
    const { failures, since, at, lastDial, serverAdvice, hopeless, freshToken, reason, window, previous } = this;
    return {
      failures,
      failingSince: since,
      retryAt: at,
      dialedAt: lastDial,
      serverAdvice,
      hopeless,
      freshToken,
      reason,
      firstRetryWindow: window,
      previousCause: previous?.cause ?? "",
      previousUp: previous?.up ?? 0,
      previousAt: previous?.at ?? 0,
    };
  }
}
