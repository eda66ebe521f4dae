// @ts-check

/** @typedef {import("./boundary.gen.js").Effect} Effect */
/** @typedef {import("./boundary.gen.js").DeliverEffect} DeliverEffect */

/**
 * An event as far as it is remembered.
 * @typedef {object} Known
 * @property {string} id
 * @property {string} content a digest, "" when there is none
 * @property {number} at on performance.now()
 * @property {number} generation
 */

/** How many ids are remembered, and how many events may be held; see wasm/session/recent.go and replay.go. */
const recentSize = 1024;
const maxHeld = 2 ** 16;
/** How long events are held in doubt: a second, and a little more for each of them. */
const holdTime = 1_000;
const holdPerEvent = 10;
const maxHoldTime = 10_000;
/** How soon after an event the same server may send it twice. */
const repeatTime = 1_000;
/** How many ascending ids make a counter. */
const surelyAscending = 16;

/**
 * Which events the page gets: each once, in the order of the feed. These are the
 * rules of wasm/session/replay.go and stream.go for one socket at a time.
 */
export class BasicStream {
  cursor;
  /** @type {Map<string, Known>} the newest that were delivered, the oldest first */
  recent = new Map();
  /** @type {Known[]} */
  held = [];
  begun = false;
  ascending = surelyAscending;
  unordered = false;
  /** The ids are names of things: the same id comes with each new value. */
  keyed = false;
  #consecutive;
  #emit;

  /**
   * @param {string} after
   * @param {boolean} consecutive the ids of a plain server count up by one
   * @param {(effect: Effect) => void} emit
   */
  constructor(after, consecutive, emit) {
    this.cursor = after;
    this.#consecutive = consecutive;
    this.#emit = emit;
  }

  /** Another socket is dialed. */
  dialed() {
    this.begun = false;
  }

  /** @param {string} cursor that moves without an event */
  move(cursor) {
    if (cursor === this.cursor) return;
    this.cursor = cursor;
    this.#emit({ type: "moved", cursor });
  }

  /** When events have been held for long enough. */
  get decideAt() {
    if (this.held.length === 0) return Infinity;
    return this.held[0].at + Math.min(holdTime + this.held.length * holdPerEvent, maxHoldTime);
  }

  /**
   * Answers a burst.
   * @param {number} generation
   * @param {string[]} ids
   * @param {string[]} contents
   * @param {boolean} greeted the feed says what it replays
   * @param {number} now
   */
  events(generation, ids, contents, greeted, now) {
    /** @type {boolean[]} */
    const mask = [];
    let inBurst = 0; // held, of the events just before
    // Not with entries(): Prototype.js has another one.
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i];
      const event = { id, content: contents[i] ?? "", at: now, generation };
      const decision = this.#judge(event, greeted);
      mask.push(decision === "accept" || decision === "anew");
      if (decision === "hold") {
        this.held.push(event);
        inBurst++;
        continue;
      }
      if (decision === "anew") {
        const released = this.#restarted(id, inBurst);
        mask.splice(i - inBurst, inBurst, ...released);
      }
      if (decision === "again") this.#dropHeld(inBurst);
      if (mask[i]) this.#accept(event, greeted);
      inBurst = 0;
    }
    this.#emit({ type: "deliver", mask: bits(mask), held: inBurst, cursor: this.cursor });
  }

  /** Nothing decided about what is held: the server began its ids anew. */
  decide() {
    this.#restarted("", 0);
  }

  /** What another session takes over. */
  facts() {
    const { cursor, begun, ascending, unordered, keyed } = this;
    const events = [...this.recent.values(), ...this.held];
    return {
      cursor,
      begun,
      ascending,
      unordered,
      keyed,
      ids: events.map((event) => event.id),
      contents: events.map((event) => event.content),
      times: events.map((event) => event.at),
      held: this.held.length,
    };
  }

  /** The socket brings no more. What says the same as before is no loss; the rest the page gets. */
  end() {
    const same = (/** @type {Known} */ { id, content }) => content !== "" && this.recent.get(id)?.content === content;
    if (this.held.every(same)) this.#dropHeld(0);
    else this.decide();
  }

  /**
   * @param {Known} event
   * @param {boolean} greeted
   * @returns {"accept" | "reject" | "hold" | "anew" | "again"}
   */
  #judge({ id, content, at, generation }, greeted) {
    const holding = this.held.length > 0;
    if (id === "") return holding ? "hold" : "accept";
    const before = this.recent.get(id);
    if (before) {
      if (greeted) return "reject";
      if (this.#isKey(before, content)) {
        this.keyed = true;
        return "accept";
      }
      if (content !== "" && before.content !== "" && content !== before.content) return "anew";
    }
    if (this.held.length === maxHeld) return "anew";
    if (id === this.cursor) return "again";
    if (before) return !holding && before.generation === generation && at - before.at < repeatTime ? "reject" : "hold";
    const below = !this.unordered && isBelow(id, this.cursor);
    if (holding) return below ? "hold" : "anew";
    if (greeted || !below) return "accept";
    if (!this.begun || this.ascending >= surelyAscending) return "hold";
    this.unordered = true;
    return "accept";
  }

  /**
   * Whether an id that is known names a thing, so that this is another event.
   * @param {Known} before
   * @param {string} content
   */
  #isKey(before, content) {
    if (!this.begun || this.held.length > 0) return false;
    const other = content !== "" && before.content !== "" && content !== before.content;
    return this.keyed || (other && this.ascending < surelyAscending);
  }

  /**
   * @param {Known} event
   * @param {boolean} greeted
   */
  #accept(event, greeted) {
    const { id } = event;
    this.begun = true;
    if (id === "") return;
    if (this.#consecutive && !greeted && isNumber(id) && isNumber(this.cursor) && BigInt(id) > BigInt(this.cursor) + 1n) {
      this.#emit({ type: "gap", after: this.cursor, earliest: id, reason: "skipped" });
    }
    this.#note(event);
  }

  /** @param {Known} event that the page gets */
  #note(event) {
    this.ascending = isBelow(this.cursor, event.id) ? this.ascending + 1 : 0;
    this.cursor = event.id;
    this.recent.set(event.id, event);
    if (this.recent.size > recentSize) this.recent.delete(/** @type {string} */ (this.recent.keys().next().value));
  }

  /**
   * The server began its ids anew: the page gets what was held.
   * @param {string} id of the event that shows it, "" for none
   * @param {number} inBurst so many of what is held are of the burst that is being judged
   * @returns {boolean[]} which of these the page gets
   */
  #restarted(id, inBurst) {
    const held = this.held;
    const earlier = held.length - inBurst;
    this.held = [];
    this.begun = true;
    const earliest = held.find((event) => event.id !== "")?.id ?? id;
    this.#emit({ type: "gap", after: this.cursor, earliest, reason: "restarted" });
    this.recent.clear();
    this.ascending = 0;
    const mask = this.#release(held.slice(0, earlier));
    if (earlier > 0) this.#emit({ type: "release", mask: bits(mask), cursor: this.cursor });
    return this.#release(held.slice(earlier));
  }

  /**
   * @param {Known[]} held
   * @returns {boolean[]} which of them the page gets: a server may have sent one twice
   */
  #release(held) {
    return held.map((event) => {
      const wanted = !this.recent.has(event.id);
      if (event.id !== "" && wanted) this.#note(event);
      return wanted;
    });
  }

  /** @param {number} inBurst */
  #dropHeld(inBurst) {
    const earlier = this.held.length - inBurst;
    this.held = [];
    if (earlier > 0) this.#emit({ type: "release", mask: "0".repeat(earlier), cursor: this.cursor });
  }
}

/** @param {boolean[]} mask */
function bits(mask) {
  return mask.map(Number).join("");
}

/** @param {string} id */
function isNumber(id) {
  return /^(0|[1-9]\d*)$/.test(id);
}

/**
 * Whether both are numbers and the first is the smaller one.
 * @param {string} a
 * @param {string} b
 */
function isBelow(a, b) {
  if (!isNumber(a) || !isNumber(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}
