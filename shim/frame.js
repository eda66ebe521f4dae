// @ts-check
import { WakesocketError } from "./error.js";

/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */

/** An id travels in a query string; a longer one is a mistake. */
export const maxID = 256;

/**
 * Takes what a frame holds, piece by piece, so that a frame allocates nothing
 * beyond its own JSON.
 * @typedef {object} Sink
 * @property {(event: FeedEvent, id: string) => void} event id is "" where the cursor cannot follow
 * @property {(control: Record<string, unknown>) => void} control
 * @property {(error: WakesocketError) => void} error
 */

/**
 * Reads one text frame that is no pong: an event, an array of events, or an
 * object with a string under "wakesocket", which is a control frame.
 * @param {string} text
 * @param {Sink} sink
 */
export function readFrame(text, sink) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    sink.error(new WakesocketError("frame-malformed", `a frame is not JSON: ${excerpt(text)}`, { cause }));
    return;
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) readEvent(value[i], sink, text, i);
  } else if (typeof value?.wakesocket === "string") {
    sink.control(value);
  } else {
    readEvent(value, sink, text, -1);
  }
}

/**
 * @param {any} value
 * @param {Sink} sink
 * @param {string} text the frame
 * @param {number} index of the event in a batch, -1 when it is the frame
 */
function readEvent(value, sink, text, index) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const what = excerpt(JSON.stringify(value));
    sink.error(new WakesocketError("frame-not-an-event", `a frame holds ${what} where an event, a JSON object, should be`));
    return;
  }
  const id = value.id;
  if (typeof id === "string" && id.length <= maxID && !id.includes("\n")) {
    sink.event(value, id);
  } else if (id === undefined || id === null) {
    sink.event(value, "");
  } else if (typeof id !== "number") {
    const what = excerpt(JSON.stringify(id));
    sink.error(new WakesocketError("id-invalid", `an id must be one line of at most ${maxID} characters or a number, not ${what}`));
    sink.event(value, "");
  } else if (Number.isSafeInteger(id)) {
    sink.event(value, String(id));
  } else {
    readLargeID(value, sink, text, index);
  }
}

/**
 * A number that a JavaScript number does not hold exactly: its digits as the
 * server wrote them become the id, in the event too.
 * @param {any} event
 * @param {Sink} sink
 * @param {string} text
 * @param {number} index
 */
function readLargeID(event, sink, text, index) {
  const digits = digitsOf(text, index);
  if (digits === undefined || digits.length > maxID) {
    sink.error(
      new WakesocketError("id-imprecise", `this browser cannot hold the id ${event.id} exactly; send ids as strings. Its event is delivered, but not resumed from`),
    );
    sink.event(event, "");
    return;
  }
  event.id = digits;
  sink.event(event, digits);
}

/**
 * The id's digits in the source; undefined where JSON.parse does not tell them
 * (Firefox before 135, Safari before 18.4).
 * @param {string} text
 * @param {number} index
 * @returns {string | undefined}
 */
function digitsOf(text, index) {
  /** @type {Map<object, string>} */
  const sources = new Map();
  const value = JSON.parse(
    text,
    /**
     * @this {object}
     * @param {string} key
     * @param {unknown} member
     * @param {{source?: string}} [context]
     */
    function (key, member, context) {
      if (key === "id" && context?.source !== undefined) sources.set(this, context.source);
      return member;
    },
  );
  return sources.get(index < 0 ? value : value[index]);
}

/** @param {string} text */
function excerpt(text) {
  return text.length > 80 ? `${text.slice(0, 80)}… (${text.length} characters)` : text;
}
