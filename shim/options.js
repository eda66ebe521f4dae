// @ts-check
import { durations } from "./boundary.gen.js";

/** @typedef {import("./shim.d.ts").Options} Options */
/** @typedef {import("./boundary.gen.js").SessionOptions} SessionOptions */

const texts = /** @type {const} */ (["after", "persist", "client", "timeField"]);
const callbacks = /** @type {const} */ (["onState", "onGap", "onError", "snapshot", "onSnapshot"]);
const flags = /** @type {const} */ (["consecutiveIds"]);
const known = new Set([...durations, ...texts, ...flags, ...callbacks, "topics", "wasmURL", "workerURL", "share", "staleAfter"]);

/**
 * Throws a TypeError that says what is wrong with the options and what would do.
 * @param {unknown} options
 * @returns {Options}
 */
export function checkOptions(options) {
  if (options === undefined) return {};
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`connect(url, options): options must be an object, not ${kind(options)}`);
  }
  const given = /** @type {Record<string, unknown>} */ (options);
  for (const name of Object.keys(given)) {
    if (!known.has(name)) throw new TypeError(`unknown option "${name}"; known are ${[...known].join(", ")}`);
  }
  for (const name of durations) {
    const value = given[name];
    if (value !== undefined && !(typeof value === "number" && Number.isFinite(value) && value >= 0)) {
      throw new TypeError(`option ${name} must be a number of milliseconds, not ${kind(value)}`);
    }
  }
  for (const name of texts) expect(given, name, "string");
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
    if (!isLimit(limit)) throw new TypeError(`option staleAfter: the limit of topic "${topic}" must be a number of milliseconds, not ${kind(limit)}`);
  }
}

/**
 * @param {unknown} topics
 * @returns {readonly string[]} a copy
 */
export function checkTopics(topics) {
  if (!Array.isArray(topics) || !topics.every((topic) => typeof topic === "string" && topic !== "")) {
    throw new TypeError("topics must be an array of strings that are not empty");
  }
  return [...topics];
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
