// @ts-check
import { durations } from "./boundary.gen.js";
import { checkName, halfCharacter } from "./topic-set.js";

/** @typedef {import("./shim.d.ts").Options} Options */
/** @typedef {import("./boundary.gen.js").SessionOptions} SessionOptions */

const texts = /** @type {const} */ (["after", "persist", "client", "timeField"]);
const callbacks = /** @type {const} */ (["onState", "onGap", "onError", "snapshot", "onSnapshot"]);
const flags = /** @type {const} */ (["consecutiveIds"]);
const known = new Set([...durations, ...texts, ...flags, ...callbacks, "topics", "wasmURL", "workerURL", "share", "staleAfter"]);

/**
 * A copy without what the page, or an old library in it, has given to all objects.
 * @template T
 * @param {T} given
 * @returns {T}
 */
const own = (given) => Object.assign(Object.create(null), given);

/**
 * Throws a TypeError that says what is wrong with the options and what would do.
 * @param {unknown} options
 * @returns {Options}
 */
export function checkOptions(options = {}) {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`connect(url, options): options must be an object, not ${kind(options)}`);
  }
  const given = own(/** @type {Record<string, unknown>} */ (options));
  for (const name of Object.keys(given)) {
    if (!known.has(name)) throw new TypeError(`unknown option "${name}"; known are ${[...known].join(", ")}`);
  }
  for (const name of durations) {
    const value = given[name];
    if (value !== undefined && !(typeof value === "number" && Number.isFinite(value) && value >= 0)) {
      throw new TypeError(`option ${name} must be a number of milliseconds, not ${kind(value)}`);
    }
  }
  for (const name of texts) {
    expect(given, name, "string");
    if (halfCharacter.test(String(given[name]))) throw new TypeError(`option ${name} holds half a character (${JSON.stringify(given[name])}); use whole ones`);
  }
  for (const name of flags) expect(given, name, "boolean");
  for (const name of callbacks) expect(given, name, "function");
  if (given.topics !== undefined) checkTopics(given.topics);
  if (given.staleAfter !== undefined) checkStaleAfter(given.staleAfter);
  for (const name of ["wasmURL", "workerURL"]) {
    const value = given[name];
    if (value !== undefined && typeof value !== "string" && !(value instanceof URL))
      throw new TypeError(`option ${name} must be a string or a URL, not ${kind(value)}`);
  }
  const { share } = given;
  if (share === "" || !["boolean", "string", "undefined"].includes(typeof share)) {
    throw new TypeError(`option share must be true, false or a name, not ${kind(share)}`);
  }
  return /** @type {Options} */ (given);
}

/** @param {unknown} staleAfter */
function checkStaleAfter(staleAfter) {
  const isLimit = (/** @type {unknown} */ limit) => typeof limit === "number" && Number.isFinite(limit) && limit >= 0;
  if (isLimit(staleAfter)) return;
  if (typeof staleAfter !== "object" || staleAfter === null || Array.isArray(staleAfter)) {
    throw new TypeError(`option staleAfter must be a number of milliseconds, or an object with one for each topic, not ${kind(staleAfter)}`);
  }
  for (const [topic, limit] of Object.entries(staleAfter)) {
    if (topic !== "*") checkName(topic);
    if (!isLimit(limit)) throw new TypeError(`option staleAfter: the limit of topic "${topic}" must be a number of milliseconds, not ${kind(limit)}`);
  }
}

/** For the newest events of topics, in milliseconds: how seldom they may come, and how often when nothing is said. */
const [leastEvery, mostEvery, usualEvery] = [10, 3_600_000, 250];

/**
 * @param {unknown} topics
 * @returns {readonly string[]} their names
 */
export function checkTopics(topics) {
  if (!Array.isArray(topics)) throw new TypeError(`topics must be an array of strings that are not empty, not ${kind(topics)}`);
  return topics.map((topic) => {
    const rule = typeof topic === "object" && topic !== null && !Array.isArray(topic) ? own(topic) : undefined;
    if (rule) checkLatest(rule);
    const name = rule ? rule.match : topic;
    if (typeof name !== "string" || name === "")
      throw new TypeError("topics must be an array of strings that are not empty, or of objects with match, latest and every");
    checkName(name);
    return name;
  });
}

/** @param {Record<string, unknown>} topic */
function checkLatest({ match, latest, every, ...rest }) {
  const name = typeof match === "string" ? `topic "${match}"` : "a topic";
  for (const field of Object.keys(rest)) throw new TypeError(`${name}: unknown field "${field}"; known are match, latest, every`);
  if (latest !== true) throw new TypeError(`${name}: latest must be true, not ${kind(latest)}; for every event write the name alone`);
  if (every !== undefined && !(typeof every === "number" && every >= leastEvery && every <= mostEvery)) {
    const text = `every must be a number of milliseconds from ${leastEvery} to ${mostEvery}, not ${kind(every)}`;
    throw new TypeError(`${name}: ${text}; for every event write the name alone`);
  }
}

/**
 * How often the newest event of each topic may come, 0 for every event.
 * @param {readonly (string | import("./shim.d.ts").LatestTopics)[]} topics
 * @returns {Map<string, number>}
 */
export function rulesOf(topics) {
  return new Map(topics.map((topic) => (typeof topic === "string" ? [topic, 0] : [topic.match, own(topic).every ?? usualEvery])));
}

/**
 * @param {import("./shim.d.ts").AddOptions} [options] of addTopics
 * @returns {import("./shim.d.ts").AddOptions}
 */
export function checkAddOptions(options = {}) {
  const { last, after, ...rest } = own(options);
  for (const name of Object.keys(rest)) throw new TypeError(`addTopics: unknown option "${name}"; known are last, after`);
  if (last !== undefined && !isCount(last)) throw new TypeError(`addTopics: last must be a whole number from 1 on, not ${kind(last)}`);
  if (after !== undefined && (typeof after !== "string" || after === "")) throw new TypeError(`addTopics: after must be a position, not ${kind(after)}`);
  if (last !== undefined && after !== undefined) throw new TypeError("addTopics: last and after are both given; leave one out");
  return own({ ...(last ? { last } : {}), ...(after ? { after } : {}) });
}

/**
 * @param {import("./shim.d.ts").HistoryQuestion} question
 * @returns {import("./shim.d.ts").HistoryQuestion}
 */
export function checkHistory(question) {
  if (typeof question !== "object" || question === null) throw new TypeError(`history takes an object with a topic, not ${kind(question)}`);
  const { topic, limit, before, ...rest } = own(question);
  for (const name of Object.keys(rest)) throw new TypeError(`history: unknown option "${name}"; known are topic, limit, before`);
  if (typeof topic !== "string") throw new TypeError(`history: topic must be the name of a topic or a pattern, not ${kind(topic)}`);
  checkTopics([topic]);
  if (limit !== undefined && !isCount(limit)) throw new TypeError(`history: limit must be a whole number from 1 on, not ${kind(limit)}`);
  if (before !== undefined && (typeof before !== "string" || before === "")) throw new TypeError(`history: before must be a position, not ${kind(before)}`);
  return own({ topic, ...(limit ? { limit } : {}), ...(before ? { before } : {}) });
}

/** @param {unknown} value */
function isCount(value) {
  return Number.isSafeInteger(value) && /** @type {number} */ (value) > 0;
}

/**
 * What of the options the session decides by.
 * @param {Options} options
 * @returns {SessionOptions}
 */
export function tuningOf(options) {
  /** @type {SessionOptions} */
  const tuning = {};
  for (const name of durations) if (options[name] !== undefined) tuning[name] = options[name];
  for (const name of flags) if (options[name] !== undefined) tuning[name] = options[name];
  return tuning;
}

/**
 * @param {Record<string, unknown>} given
 * @param {string} name
 * @param {string} type
 */
function expect(given, name, type) {
  const value = given[name];
  if (value !== undefined && typeof value !== type) {
    throw new TypeError(`option ${name} must be a ${type}, not ${kind(value)}`);
  }
}

/** @param {unknown} value */
function kind(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "number") return String(value);
  return typeof value;
}
