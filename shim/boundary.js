// @ts-check
// The two small interfaces between the page (Feed: callbacks, wake sources) and
// the engine (Link: pump, sockets, wasm). All that crosses them can be cloned,
// so that the engine may move into a worker.

/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */
/** @typedef {import("./shim.d.ts").Gap} Gap */
/** @typedef {import("./shim.d.ts").StateName} StateName */
/** @typedef {import("./error.js").WakesocketError} WakesocketError */

/**
 * Options that the session decides by, in milliseconds.
 * @typedef {Partial<Record<"heartbeat" | "timeout" | "attentive" | "suspect" | "backoffBase" | "backoffCap" | "minUptime" | "dialTimeout" | "spread", number>>} Tuning
 */

/**
 * The part of the state that the session knows; times are epoch milliseconds.
 * @typedef {object} Status
 * @property {StateName} name
 * @property {number} since
 * @property {number} attempt
 * @property {number | null} retryAt
 * @property {string} cause
 */

/**
 * What a link asks of the page and tells it.
 * @typedef {object} Page
 * @property {(ctx: {fresh: boolean, attempt: number}) => string | Promise<string>} url
 * @property {(status: Status) => void} status
 * @property {(events: FeedEvent[], ids: string[], mask: string | undefined) => void} deliver mask has a "1" for each event that is to be delivered; without it all are
 * @property {(cursor: string) => void} moved the cursor moved without an event
 * @property {(gap: Gap) => void} gap
 * @property {(ms: number) => void} rtt
 * @property {(error: WakesocketError) => void} error
 */

/**
 * What the session asks for, to be done in order.
 * @typedef {{type: "timer", at: number}
 *   | {type: "dial", gen: number, after: string, fresh: boolean, attempt: number, was: string}
 *   | {type: "abandon", gen: number, code: number, reason: string}
 *   | {type: "ping", gen: number}
 *   | {type: "deliver", mask?: string}
 *   | {type: "gap", after: string, earliest: string, reason: string}
 *   | {type: "state", state: StateName, since: number, attempt: number, retryAt: number, cause: string, live: number}
 *   | {type: "rtt", ms: number}} Effect
 */

/**
 * What client.wasm hands out when it is ready.
 * @typedef {object} API
 * @property {(options: object) => number | string} open a session's number, or what is wrong with the options
 * @property {(sid: number, op: number, mono: number, wall: number, ...args: unknown[]) => Effect[] | string | undefined} step a string when Go panicked
 * @property {(sid: number) => string} cursor
 * @property {(sid: number) => void} drop
 */

/** Inputs of a session, by number. */
export const op = /** @type {const} */ ({
  tick: 0,
  start: 1,
  stop: 2,
  reconnect: 3,
  ready: 4,
  urlFailed: 5,
  opened: 6,
  closed: 7,
  hello: 8,
  at: 9,
  events: 10,
  frame: 11,
  pong: 12,
  wake: 13,
  visible: 14,
  online: 15,
});
