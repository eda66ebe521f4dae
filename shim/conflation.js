// @ts-check
import { isNewest } from "./latest.js";
import { isPattern, patterns } from "./limits.js";
import { Timer } from "./timer.js";

/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */

/**
 * What is known of one topic of which the page gets only the newest event.
 * @typedef {object} Topic
 * @property {number} every milliseconds
 * @property {number} due when the next event may be shown, on performance.now()
 * @property {FeedEvent | undefined} event the newest, while it waits
 * @property {number} at when that had arrived
 * @property {number} skipped how many were passed over for it
 */

/** Looking at what waits costs time, so it is done once a frame at most, in milliseconds. */
const frame = 16;

/** Topics that are not shown any more are forgotten when there are so many. */
const maxTopics = 10_000;

/**
 * Lets the newest event of a topic through, at most once in a while, and counts
 * what is passed over, where the server does not do so. At most one event of a topic waits, and only a newer one takes
 * its place: an older one never comes after it.
 */
export class Conflation {
  #deliver;
  /** @type {Map<string, number>} by name of a topic or pattern: milliseconds, 0 for every event */
  rules = new Map();
  /** @type {Map<string, Topic>} */
  #topics = new Map();
  /** Those with an event that waits. */
  /** @type {Set<Topic>} */
  #waiting = new Set();
  #timer = new Timer(() => this.#showDue());
  #live = false;
  #next = Infinity;

  /** @param {(event: FeedEvent, at: number) => void} deliver */
  constructor(deliver) {
    this.#deliver = deliver;
  }

  /** @param {ReadonlyMap<string, number>} rules that take the place of all others */
  set(rules) {
    const old = [...this.rules.keys()];
    this.rules.clear();
    for (const [name, every] of rules) this.rules.set(name, every);
    this.#changed([...old, ...rules.keys()]);
  }

  /** @param {ReadonlyMap<string, number>} rules */
  add(rules) {
    for (const [name, every] of rules) this.rules.set(name, every);
    this.#changed([...rules.keys()]);
  }

  /** @param {readonly string[]} names */
  remove(names) {
    for (const name of names) this.rules.delete(name);
    this.#changed(names);
  }

  /**
   * @param {FeedEvent} event
   * @param {number} at when it had arrived, on performance.now()
   */
  event(event, at) {
    const every = this.rules.size > 0 && typeof event.topic === "string" && !event.history ? this.#every(event.topic) : 0;
    if (every > 0 && isNewest(event)) this.#passOver(event);
    if (every === 0 || isNewest(event)) {
      this.#deliver(event, at);
      return;
    }
    const now = performance.now();
    const topic = this.#topic(/** @type {string} */ (event.topic), every);
    if (topic.event) topic.skipped++;
    else if (this.#live && now >= topic.due) {
      topic.due = now + every;
      this.#deliver(event, at);
      return;
    } else if (!this.#live) topic.due = Math.max(topic.due, now + every); // most of a replay is passed over
    topic.event = event;
    topic.at = at;
    this.#waiting.add(topic);
    this.#schedule(Math.max(topic.due, now + 1));
  }

  /** @param {boolean} live when the replay is over, what waits is shown at once */
  live(live) {
    if (live && !this.#live) this.flush();
    this.#live = live;
  }

  /** Shows all that waits. */
  flush() {
    for (const topic of this.#waiting) this.#show(topic);
    this.#next = Infinity;
    this.#timer.set(-1);
  }

  /** @param {readonly string[]} names whose rules may be others now */
  #changed(names) {
    const few = names.length < this.#topics.size && !names.some(isPattern);
    for (const name of few ? names : [...this.#topics.keys()]) {
      const topic = this.#topics.get(name);
      if (!topic) continue;
      topic.every = this.#rule(name);
      if (topic.every > 0) continue;
      this.#show(topic);
      this.#topics.delete(name);
    }
  }

  /**
   * What waits of the topic is older than the event.
   * @param {FeedEvent} event
   */
  #passOver(event) {
    const topic = this.#topics.get(/** @type {string} */ (event.topic));
    if (!topic?.event) return;
    event.skipped = (event.skipped ?? 0) + topic.skipped + 1;
    this.#waiting.delete(topic);
    topic.event = undefined;
    topic.skipped = 0;
  }

  #showDue() {
    this.#next = Infinity;
    const now = performance.now();
    for (const topic of this.#waiting) {
      if (topic.due <= now) this.#show(topic);
    }
    let next = Infinity;
    for (const { due } of this.#waiting) next = Math.min(next, due);
    if (next < Infinity) this.#schedule(Math.max(next, now + frame));
  }

  /** @param {Topic} topic */
  #show(topic) {
    const { event, at, skipped } = topic;
    this.#waiting.delete(topic);
    topic.event = undefined;
    topic.skipped = 0;
    topic.due = performance.now() + topic.every;
    if (!event) return;
    if (skipped > 0) event.skipped = skipped;
    this.#deliver(event, at);
  }

  /** @param {number} due */
  #schedule(due) {
    if (due >= this.#next) return;
    this.#next = due;
    this.#timer.set(due);
  }

  /**
   * @param {string} name
   * @param {number} every
   */
  #topic(name, every) {
    const known = this.#topics.get(name);
    if (known) return known;
    if (this.#topics.size >= maxTopics) {
      for (const [name, { event, due }] of this.#topics) if (!event && due < performance.now()) this.#topics.delete(name);
    }
    /** @type {Topic} */
    const topic = { every, due: 0, event: undefined, at: 0, skipped: 0 };
    this.#topics.set(name, topic);
    return topic;
  }

  /** @param {string} topic */
  #every(topic) {
    return this.#topics.get(topic)?.every ?? this.#rule(topic);
  }

  /**
   * The most specific name decides.
   * @param {string} topic
   */
  #rule(topic) {
    for (const name of [topic, ...patterns(topic)]) {
      const every = this.rules.get(name);
      if (every !== undefined) return every;
    }
    return 0;
  }
}
