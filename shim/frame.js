// @ts-check
import { WakesocketError, messageOf } from "./error.js";
import { idDigits } from "./id-digits.js";

/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */

/** An id travels in a query string; a longer one is a mistake. */
export const maxID = 256;

/** What an id cannot be made of: our boundary separates ids by lines, and half a character cannot be sent in an address. */
const unusable = /[\n\p{Surrogate}]/u;

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
 * object with a string under "wakesocket", which is a control frame. It never
 * throws, and one event that cannot be read does not affect the others.
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
  if (!Array.isArray(value) && typeof field(value, "wakesocket") === "string") {
    sink.control(Object.assign(Object.create(null), value));
    return;
  }
  const reader = new EventReader(text, sink);
  if (!Array.isArray(value)) reader.read(value, 0);
  else for (let i = 0; i < value.length; i++) reader.read(value[i], i);
}

/**
 * A field of what was read, and not one that the page has given to all objects.
 * @param {any} value
 * @param {string} name
 */
function field(value, name) {
  return value !== null && Object.prototype.hasOwnProperty.call(value, name) ? value[name] : undefined;
}

/** Reads the events of one frame. */
class EventReader {
  #text;
  #sink;
  /** Without an escape in the text no id has a character that is unusable. */
  #escapes;
  /** @type {(string | undefined)[] | undefined} made when an id needs it */
  #digits;

  /**
   * @param {string} text
   * @param {Sink} sink
   */
  constructor(text, sink) {
    this.#text = text;
    this.#sink = sink;
    this.#escapes = text.includes("\\");
  }

  /**
   * @param {any} value
   * @param {number} place in the frame's array
   */
  read(value, place) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.#sink.error(new WakesocketError("frame-not-an-event", `a frame holds ${describe(value)} where an event, a JSON object, should be`));
      return;
    }
    let id = "";
    try {
      id = this.#idOf(value, place);
    } catch (cause) {
      const message = `the id of an event cannot be read (${messageOf(cause)}). Its event is delivered, but not resumed from`;
      this.#sink.error(new WakesocketError("id-invalid", message, { cause }));
    }
    this.#sink.event(value, id);
  }

  /**
   * @param {any} event
   * @param {number} place
   * @returns {string} "" when there is none that can be resumed from
   */
  #idOf(event, place) {
    const id = field(event, "id");
    if (id === undefined || id === null) return "";
    if (typeof id === "string" && id.length <= maxID && !(this.#escapes && unusable.test(id))) return id;
    if (typeof id !== "number") {
      const message = `an id must be a number or one line of at most ${maxID} whole characters, not ${describe(id)}. Its event is delivered, but not resumed from`;
      this.#sink.error(new WakesocketError("id-invalid", message));
      return "";
    }
    if (Number.isSafeInteger(id)) return String(id);
    // A number that JavaScript does not hold exactly: its digits become the id, in the event too.
    this.#digits ??= idDigits(this.#text);
    const digits = this.#digits[place];
    if (digits === undefined || digits.length > maxID) throw new Error(`${describe(id)} has no digits, or more than ${maxID}`);
    event.id = digits;
    return digits;
  }
}

/** @param {unknown} value */
function describe(value) {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return typeof value === "string" ? excerpt(JSON.stringify(value)) : String(value);
}

/** @param {string} text */
function excerpt(text) {
  return text.length > 80 ? `${text.slice(0, 80)}… (${text.length} characters)` : text;
}
