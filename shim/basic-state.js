// @ts-check

/** @typedef {import("./boundary.gen.js").StateName} StateName */
/** @typedef {import("./boundary.gen.js").StateEffect} StateEffect */

/** How far apart two readings of the clocks may be without meaning anything. */
const clockJitter = 50;

/**
 * What the state depends on.
 * @typedef {object} View
 * @property {boolean} running
 * @property {boolean} away
 * @property {boolean} online
 * @property {string} failure
 * @property {import("./basic-socket.js").BasicSocket | undefined} socket
 * @property {import("./basic-retry.js").BasicRetry} retry
 */

/** The state that a basic session shows: the rules of wasm/session/state.go. */
export class BasicState {
  wasLive;
  /** @type {StateEffect} */
  shown = { type: "state", name: "stopped", since: 0, attempt: 0, retryAt: -1, cause: "", generation: 0 };

  /** @param {boolean} wasLive */
  constructor(wasLive) {
    this.wasLive = wasLive;
  }

  /**
   * @param {View} view
   * @param {number} mono
   * @param {number} wall
   * @returns {StateEffect | undefined} undefined when nothing has changed
   */
  next(view, mono, wall) {
    const { running, away, socket, retry } = view;
    const last = this.shown;
    const name = this.#name(view);
    this.wasLive ||= name === "live";
    const waiting = running && !away && !socket && retry.at > mono;
    let retryAt = waiting ? wall + retry.at - mono : -1;
    if (waiting && last.retryAt >= 0 && Math.abs(retryAt - last.retryAt) < clockJitter) retryAt = last.retryAt;
    const next = {
      name,
      since: name === last.name ? last.since : wall,
      attempt: socket?.spoke ? 0 : retry.failures,
      retryAt,
      cause: causeOf(name, view),
      generation: socket?.spoke ? socket.generation : 0,
    };
    const fields = /** @type {(keyof typeof next)[]} */ (Object.keys(next));
    if (fields.every((field) => next[field] === last[field])) return undefined;
    this.shown = { type: "state", ...next };
    return this.shown;
  }

  /**
   * @param {View} view
   * @returns {StateName}
   */
  #name({ running, online, failure, socket }) {
    if (failure) return "failed";
    if (!running) return "stopped";
    if (!online && (!socket?.spoke || socket.doubt)) return "offline";
    if (socket?.spoke && socket.caughtUp) return socket.doubt ? "checking" : "live";
    return this.wasLive ? "reconnecting" : "connecting";
  }
}

/**
 * @param {StateName} name
 * @param {View} view
 */
function causeOf(name, { away, failure, socket, retry }) {
  if (name === "failed") return failure;
  if (name === "live" || name === "stopped") return "";
  if (away) return "wake";
  if (socket?.logUnread) return "the server cannot read its log";
  return (socket?.spoke && socket.doubt) || retry.reason || (retry.previous?.cause ?? "");
}
