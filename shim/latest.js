// @ts-check
import { relation } from "./position.js";

/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */

/**
 * How many events of topics a server has counted.
 * @typedef {object} Counts
 * @property {string} name counts of the same name can be compared
 * @property {Map<string, number>} topics up to the newest event that came
 */

/** The newest events of so many topics are known; those that changed longest ago are forgotten. */
const maxTopics = 20_000;

/** @type {WeakSet<FeedEvent>} */
const newest = new WeakSet();

/**
 * Whether the server has chosen the event as the newest of its topic.
 * @param {FeedEvent} event
 */
export function isNewest(event) {
  return newest.has(event);
}

/**
 * The topics of which the server sends only the newest events. Two sockets may bring
 * the same ones while one takes the place of the other: each comes once, and never an
 * older one after a newer one.
 */
export class Latest {
  /** Of every such topic the page has the newest event up to this position; "" before there was a server that knows it. */
  since;
  /** The same, of the state that the page shows: while the feed goes back to a snapshot, that is an older one. */
  saved;
  /** Whether events are of use at the moment. */
  wants = () => true;
  /**
   * Calls back when the page has got what was delivered.
   * @param {() => void} call
   */
  then = (call) => call();
  #rules;
  #chosen = false;
  /** @type {Map<number, Counts>} by generation */
  #counts = new Map();
  /** @type {Map<string, {id: string, counts: string, count: number | undefined}>} by topic */
  #known = new Map();

  /**
   * @param {ReadonlyMap<string, number>} rules milliseconds by name, 0 for every event; they may change
   * @param {string} [since]
   */
  constructor(rules, since = "") {
    this.#rules = rules;
    this.since = this.saved = since;
  }

  /** Whether any topic is wanted in its newest event only. */
  get wanted() {
    for (const every of this.#rules.values()) if (every > 0) return true;
    return false;
  }

  /** Whether the last server chooses the newest events of some topics. */
  get chosen() {
    return this.wanted && this.#chosen;
  }

  /**
   * What a frame says beside a list of topics.
   * @param {readonly string[]} topics
   * @returns {Record<string, number> | undefined}
   */
  of(topics) {
    /** @type {[string, number][]} */
    const rules = [];
    for (const name of topics) {
      const every = this.#rules.get(name);
      if (every) rules.push([name, Math.round(every)]);
    }
    return rules.length > 0 ? Object.fromEntries(rules) : undefined;
  }

  /**
   * What an address says beside a list of topics.
   * @param {readonly string[]} topics
   * @returns {[name: string, value: string][]}
   */
  query(topics) {
    if (!this.wanted) return [];
    const rules = Object.entries(this.of(topics) ?? {});
    return [
      .../** @type {[string, string][]} */ (this.since ? [["since", this.since]] : []),
      ...rules.map(([name, every]) => /** @type {[string, string]} */ (["latest", `${every},${name}`])),
    ];
  }

  /**
   * @param {number} generation
   * @param {Record<string, unknown>} frame
   * @returns {import("./shim.d.ts").Gap | undefined} newest events that this server will not send
   */
  hello(generation, { latest, at }) {
    this.#chosen = typeof latest === "string" && latest !== "";
    if (this.#chosen) {
      this.#counts.set(generation, { name: `${latest}`, topics: new Map() });
      this.since ||= `${at}`;
      this.saved ||= this.since;
      return undefined;
    }
    const after = this.since;
    this.since = this.saved = "";
    return after && this.wanted && relation(after, `${at}`, true) !== "same" ? { after, earliest: "", reason: "unknown" } : undefined;
  }

  /**
   * @param {number} generation
   * @param {unknown} events
   * @returns {FeedEvent[]} those that the page does not have
   */
  take(generation, events) {
    const counts = this.#counts.get(generation);
    if (!counts || !Array.isArray(events) || !this.wants()) return [];
    return events.filter((event) => typeof event === "object" && event !== null && typeof event.topic === "string" && this.#isNew(event, counts));
  }

  /** @param {unknown} position up to which everything was sent, and the page has got it */
  moved(position) {
    if (typeof position !== "string" || !position) return;
    this.then(() => {
      if (relation(position, this.since, true) !== "before") this.since = this.saved = position;
    });
  }

  /** @param {string} at the page has the state at this position, and nothing after it */
  restart(at) {
    if (this.since) this.since = at; // else the next hello says it
    this.#known.clear();
  }

  /** @param {string} at the page has got the state at this position */
  given(at) {
    this.saved = at;
  }

  /** @param {number} generation */
  ended(generation) {
    this.#counts.delete(generation);
  }

  /**
   * @param {Record<string, any>} event
   * @param {Counts} counts
   */
  #isNew(event, counts) {
    const { topic } = event;
    const id = `${event.id}`;
    const passed = Number.isSafeInteger(event.skipped) ? event.skipped : 0;
    const counted = counts.topics.get(topic);
    const count = counted === undefined ? event.count : counted + passed + 1;
    delete event.count;
    if (count !== undefined) counts.topics.set(topic, count);
    const known = this.#known.get(topic);
    if (known) {
      const place = relation(id, known.id, true);
      if (place === "before" || place === "same") return false;
    }
    const skipped = known?.count !== undefined && known.counts === counts.name && count !== undefined ? count - known.count - 1 : passed;
    if (skipped > 0) event.skipped = skipped;
    else delete event.skipped;
    this.#known.delete(topic); // so that those that change stay
    this.#known.set(topic, { id, counts: counts.name, count });
    if (this.#known.size > maxTopics) this.#known.delete(/** @type {string} */ (this.#known.keys().next().value));
    newest.add(event);
    return true;
  }
}
