// @ts-check
// The two small interfaces between the page (Feed: callbacks, wake sources) and
// the engine (Driver: pump, sockets, wasm). All that crosses them can be cloned, but
// for Settings.latest, so that the engine may move into a worker.

/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */
/** @typedef {import("./shim.d.ts").Gap} Gap */
/** @typedef {import("./boundary.gen.js").Effect} Effect */
/** @typedef {import("./boundary.gen.js").StateName} StateName */
/** @typedef {import("./error.js").WakesocketError} WakesocketError */
/** @typedef {import("./watch.js").Instant} Instant */

/**
 * The part of the state that the session knows; times are epoch milliseconds.
 * @typedef {object} Status
 * @property {StateName} name
 * @property {number} since
 * @property {number} attempt
 * @property {number | null} retryAt
 * @property {string} cause
 * @property {number} [generation] of the socket that delivers, if there is one
 * @property {"" | "loading" | "failed"} [snapshot] that the page lacks
 */

/**
 * What a driver asks of the page and tells it. None of it may throw.
 * @typedef {object} Page
 * @property {(context: {fresh: boolean, attempt: number}) => string | Promise<string>} url may throw or reject
 * @property {(status: Status) => void} status
 * @property {(reason: string) => void} unguarded why there is no engine; "" when there is one
 * @property {(event: FeedEvent, at: number) => void} deliver at: when it had arrived, on performance.now()
 * @property {() => void} paused the cursor has moved, and the browser gets its turn
 * @property {() => void} lagChanged
 * @property {(gap: Gap) => void} gap
 * @property {(ms: number) => void} rtt
 * @property {(frame: Record<string, unknown>) => void} control each control frame
 * @property {(error: WakesocketError) => void} error
 */

/**
 * What a page asks of its connection, wherever that runs.
 * @typedef {Pick<import("./driver.js").Driver, keyof import("./driver.js").Driver>} FeedDriver
 */

/**
 * What decides for a driver.
 * @typedef {object} Session
 * @property {(input: import("./boundary.gen.js").Input, at: Instant, look?: Instant) => readonly Effect[] | undefined} step look: the last one at the clocks since the input before
 * @property {() => void} drop
 */

/**
 * What a driver is made with.
 * @typedef {object} Settings
 * @property {import("./engine-loader.js").EngineLoader} loader
 * @property {string} client
 * @property {import("./boundary.gen.js").SessionOptions} tuning
 * @property {boolean} visible
 * @property {boolean} online
 * @property {readonly string[] | undefined} topics
 * @property {boolean} [none] whether an empty list of topics stands for none, not for all
 * @property {string} after the cursor to start from
 * @property {import("./latest.js").Latest} [latest] topics of which the server is to send only the newest events
 */

/**
 * What client.wasm hands out when it is ready.
 * @typedef {object} API
 * @property {string} build that of the shim.js which it is made for
 * @property {(options: object) => number | string} open a session's number, or what is wrong with the options
 * @property {(sid: number, mono: number, wall: number, ...input: unknown[]) => Effect[] | string | undefined} step an input, with a look at the clocks before it or without; a string when Go panicked
 * @property {(sid: number) => void} drop
 */

export {};
