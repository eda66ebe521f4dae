// @ts-check
import { WakesocketError } from "./error.js";
import { gapReasons, serverErrorCodes } from "./wire.gen.js";

/** @typedef {import("./boundary.gen.js").Input} Input */

/**
 * The session's input of a control frame. One of a kind that this client does not
 * know, or that lacks what its kind needs, shows only that the socket works.
 * @param {number} generation
 * @param {Record<string, any>} frame
 * @param {boolean} [connected] whether all that came before the frame's position has come: the state says so
 * @returns {Input}
 */
export function inputOf(generation, frame, connected = false) {
  const position = text(frame.at);
  if (isHello(frame)) {
    const { gap } = frame;
    return {
      type: "hello",
      generation,
      resumed: frame.resumed === true,
      position,
      live: frame.live === true,
      heartbeat: count(frame.heartbeat),
      firstRetryWindow: count(frame.spread),
      gap: gap ? { after: text(gap.after), earliest: text(gap.earliest), reason: wordOf(gapReasons, gap.reason) ?? "unknown" } : null,
    };
  }
  if (frame.wakesocket === "position" && position) {
    return { type: "position", generation, position, live: frame.live === true };
  }
  // The next connection must not bring what is before the place from which topics are followed.
  if (frame.wakesocket === "followed" && position && connected) return { type: "position", generation, position, live: true };
  if (frame.wakesocket === "expiring") return { type: "expiring", generation, in: count(frame.in) };
  return { type: "frame", generation };
}

/**
 * What a server's error frame says.
 * @param {Record<string, any>} frame
 */
export function errorOf(frame) {
  const code = wordOf(serverErrorCodes, frame.code);
  const says = text(frame.message) || "(nothing)";
  return new WakesocketError(code ?? "server", `the server says: ${code ? says : `${says} (${text(frame.code) || "no code"})`}`);
}

/** @param {Record<string, any>} frame */
export function isHello(frame) {
  return frame.wakesocket === "hello" && typeof frame.at === "string";
}

/**
 * What a feed accepts from this client; Infinity where it names no limit.
 * @typedef {object} Limits
 * @property {number} message bytes of one message
 * @property {number} rate messages a second
 * @property {number} burst messages at once
 * @property {number} topics
 * @property {number} history events of one answer; Infinity: it answers no requests
 */

/**
 * @param {unknown} given the "limits" of a hello
 * @returns {Limits}
 */
export function limitsOf(given) {
  const limits = /** @type {Record<string, unknown>} */ (typeof given === "object" && given !== null ? given : {});
  return { message: limit(limits.message), rate: limit(limits.rate), burst: limit(limits.burst), topics: limit(limits.topics), history: limit(limits.history) };
}

/** @param {unknown} value */
function limit(value) {
  return typeof value === "number" && value > 0 ? value : Infinity;
}

/**
 * The word, if it is one of those; other servers may use words of their own.
 * @template {string} W
 * @param {readonly W[]} words
 * @param {unknown} word
 */
function wordOf(words, word) {
  return words.find((known) => known === word);
}

/** @param {unknown} value */
function text(value) {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** @param {unknown} value */
function count(value) {
  return typeof value === "number" && value >= 0 ? Math.min(value, 2 ** 31) : 0;
}
