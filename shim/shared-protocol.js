// @ts-check
// What tabs and the shared worker say to each other over a MessagePort. Both sides
// check each message, because the other side may be of another build.
//
// A tab begins with "join" and gets "welcome" or "refused". Then come the state and
// the events that the tab lacks, and from there on all that it wants. Events come in
// numbered batches, and the tab acknowledges each one when its callbacks have run.
// A tab that is slow gets no more until then; see shared-member.js.

/** Changes whenever a message changes its meaning. */
export const protocol = 2;

/** @typedef {import("./boundary.gen.js").SessionOptions} SessionOptions */
/** @typedef {import("./boundary.js").Status} Status */
/** @typedef {import("./shim.d.ts").ErrorCode} ErrorCode */
/** @typedef {import("./shim.d.ts").Gap} Gap */

/**
 * The tab wants to take part in a feed. Tabs with the same key share one.
 * @typedef {object} Join
 * @property {"join"} type
 * @property {number} protocol
 * @property {string} build
 * @property {string} key
 * @property {string} [url] address of the feed; without it a tab is asked before each dial
 * @property {string[]} addressTopics those in the address, which count for a tab that names none
 * @property {SessionOptions} tuning
 * @property {string} wasm where client.wasm is
 * @property {string} client "" for the worker's own id
 * @property {string[]} [topics] names, as in shared-topics.js: none for no topics, "" for all
 * @property {string} after the cursor to go on from, "" for the present
 * @property {boolean} [snapshot] the tab begins with a snapshot: it is told a cursor only when all of its topics are known to come after it
 * @property {boolean} visible
 * @property {boolean} online
 * @property {string} [lock] Web Lock that the tab holds as long as it lives
 */

/**
 * @typedef {Join
 *   | {type: "topics", topics: string[]}
 *   | (import("./shared-questions.js").Question & {request: number})
 *   | {type: "send", text: string}
 *   | {type: "ack", batch: number}
 *   | {type: "visible", on: boolean}
 *   | {type: "online", on: boolean}
 *   | {type: "wake", kind: string}
 *   | {type: "reconnect"}
 *   | {type: "leave"}
 *   | {type: "address", ask: number, href?: string, reason?: string}
 *   | {type: "alive"}} FromTab
 */

/**
 * - `welcome`: lock is a Web Lock that the worker holds as long as it lives
 * - `refused`: the tab does not take part, or no more; `again` says that it may join anew
 * - `batch`: events is the JSON of an array; ids and times (epoch ms of the arrival)
 *   stand beside its elements; waiting counts the events that the tab will get later
 * - `moved`: the cursor moved without an event
 * - `control`: a control frame of the server, for the page's clocks and limits
 * - `ask`: the worker needs an address of the tab's url function
 * - `answer`, `refusal`: to the tab's request with this number
 * @typedef {{type: "welcome", protocol: number, build: string, lock?: string}
 *   | {type: "refused", reason: string, again: boolean}
 *   | {type: "status", status: Status}
 *   | {type: "unguarded", reason: string}
 *   | {type: "batch", batch: number, events: string, ids: string[], times: number[], waiting: number}
 *   | {type: "moved", cursor: string}
 *   | {type: "gap", gap: Gap}
 *   | {type: "rtt", ms: number}
 *   | {type: "control", frame: Record<string, unknown>}
 *   | {type: "error", code: ErrorCode, message: string}
 *   | {type: "ask", ask: number, fresh: boolean, attempt: number}
 *   | {type: "answer", request: number, answer: Record<string, unknown>}
 *   | {type: "refusal", request: number, code: ErrorCode, message: string}
 *   | {type: "ping"}} FromWorker
 */

/** The types of the fields: "?" may be missing, "s" at the end stands for an array. @type {Record<string, Record<string, string>>} */
const tabShapes = {
  join: {
    protocol: "number",
    build: "string",
    key: "string",
    url: "?string",
    addressTopics: "strings",
    tuning: "object",
    wasm: "string",
    client: "string",
    topics: "?strings",
    after: "string",
    visible: "boolean",
    online: "boolean",
    lock: "?string",
  },
  topics: { topics: "strings" },
  add: { request: "number", topics: "strings", options: "object" },
  remove: { request: "number", topics: "strings" },
  history: { request: "number", question: "object" },
  send: { text: "string" },
  ack: { batch: "number" },
  visible: { on: "boolean" },
  online: { on: "boolean" },
  wake: { kind: "string" },
  reconnect: {},
  leave: {},
  address: { ask: "number", href: "?string", reason: "?string" },
  alive: {},
};

/** @type {Record<string, Record<string, string>>} */
const workerShapes = {
  welcome: { protocol: "number", build: "string", lock: "?string" },
  refused: { reason: "string", again: "boolean" },
  status: { status: "object" },
  unguarded: { reason: "string" },
  batch: { batch: "number", events: "string", ids: "strings", times: "numbers", waiting: "number" },
  moved: { cursor: "string" },
  gap: { gap: "object" },
  rtt: { ms: "number" },
  control: { frame: "object" },
  error: { code: "string", message: "string" },
  ask: { ask: "number", fresh: "boolean", attempt: "number" },
  answer: { request: "number", answer: "object" },
  refusal: { request: "number", code: "string", message: "string" },
  ping: {},
};

/**
 * @param {unknown} data
 * @returns {FromTab | undefined} undefined when it is no message of a tab
 */
export function fromTab(data) {
  return fits(data, tabShapes) ? /** @type {FromTab} */ (data) : undefined;
}

/**
 * @param {unknown} data
 * @returns {FromWorker | undefined} undefined when it is no message of a worker
 */
export function fromWorker(data) {
  return fits(data, workerShapes) ? /** @type {FromWorker} */ (data) : undefined;
}

/**
 * @param {unknown} data
 * @param {Record<string, Record<string, string>>} shapes
 */
function fits(data, shapes) {
  if (!isObject(data)) return false;
  const message = /** @type {Record<string, unknown>} */ (data);
  const { type } = message;
  if (typeof type !== "string" || !Object.hasOwn(shapes, type)) return false;
  return Object.entries(shapes[type]).every(([name, kind]) => has(message[name], kind));
}

/**
 * @param {unknown} value
 * @param {string} kind
 * @returns {boolean}
 */
function has(value, kind) {
  if (kind[0] === "?") return value === undefined || has(value, kind.slice(1));
  if (kind.endsWith("s")) return Array.isArray(value) && value.every((item) => has(item, kind.slice(0, -1)));
  if (kind === "object") return isObject(value);
  return typeof value === kind && !Number.isNaN(value);
}

/** @param {unknown} value */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
