// @ts-check
// The two small interfaces between the page (Feed: callbacks, wake sources) and
// the engine (Link: pump, sockets, wasm). All that crosses them can be cloned,
// so that the engine may move into a worker.

/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */
/** @typedef {import("./shim.d.ts").Gap} Gap */
/** @typedef {import("./boundary.gen.js").Effect} Effect */
/** @typedef {import("./boundary.gen.js").StateName} StateName */
/** @typedef {import("./error.js").WakesocketError} WakesocketError */

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
 * @property {(events: FeedEvent[], ids: string[], mask: string, cursor: string) => void} deliver mask has a "1" for each event that the page gets; cursor is that after them
 * @property {(cursor: string) => void} moved the cursor moved without an event
 * @property {(gap: Gap) => void} gap
 * @property {(ms: number) => void} rtt
 * @property {(error: WakesocketError) => void} error
 */

/**
 * What client.wasm hands out when it is ready.
 * @typedef {object} API
 * @property {(options: object) => number | string} open a session's number, or what is wrong with the options
 * @property {(sid: number, mono: number, wall: number, ...input: unknown[]) => Effect[] | string | undefined} step a string when Go panicked
 * @property {(sid: number) => void} drop
 */

export {};
