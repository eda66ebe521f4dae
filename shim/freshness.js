// @ts-check
import { WakesocketError } from "./error.js";
import { eventTime } from "./event-time.js";
import { Limits, isPattern, matches, patterns } from "./limits.js";
import { PageClock } from "./page-clock.js";
import { ServerClock } from "./server-clock.js";
import { Timer } from "./timer.js";
import { TopicSet } from "./topic-set.js";

/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */
/** @typedef {import("./shim.d.ts").StateName} StateName */

/** The oldest of more topics are forgotten: names that never come again must not fill the memory. */
const maxTopics = 10_000;

/** An event that is older when it comes, in ms, may be too old already. */
const oldEvent = 100;

/**
 * What is known of one topic. Times of arrival are on the page clock.
 * @typedef {object} Topic
 * @property {number} arrived when its newest event came; when it was first expected, if none has
 * @property {number | undefined} time of its newest event, on the server's clock
 * @property {number | null} lastEventAt epoch ms of the arrival, null when none has come
 * @property {boolean} stale whether the page knows it as stale
 */

/**
 * What of a feed goes to the page.
 * @typedef {object} Page
 * @property {(type: "stale" | "fresh", detail: import("./shim.d.ts").TopicChange) => void} changed
 * @property {() => number} lag how many events wait to be delivered
 * @property {(error: WakesocketError) => void} error
 */

/**
 * The age of the newest event of each topic, and which topics are stale: silent
 * for longer than their limit. Ages are those of the data, where events tell when
 * they were published, and do not change when a clock is set.
 */
export class Freshness {
  #page;
  #limits;
  #timeField;
  /** Names of topics and patterns; undefined: all topics. @type {readonly string[] | undefined} */
  #filter;
  #wantedTopics;
  #clock = new PageClock();
  #server = new ServerClock(this.#clock);
  /** @type {Map<string, Topic>} */
  #topics = new Map();
  /** Topics and patterns that the page shows. @type {Set<string>} */
  #asked = new Set();
  /** @type {StateName} */
  #state = "connecting";
  /** The socket that delivers. */
  #generation = 0;
  /** Whether the feed was live once. Before that nothing is expected. */
  #begun = false;
  #timer = new Timer(() => this.#check());
  /** When the timer fires, on performance.now(). */
  #nextCheck = Infinity;

  /**
   * @param {Pick<import("./shim.d.ts").Options, "staleAfter" | "timeField"> & {topics?: readonly string[] | undefined}} options
   * @param {Page} page
   */
  constructor({ staleAfter, timeField, topics }, page) {
    this.#page = page;
    this.#limits = new Limits(staleAfter);
    this.#timeField = timeField;
    this.#filter = topics?.length ? topics : undefined;
    this.#wantedTopics = new TopicSet(topics ?? []);
  }

  /**
   * A control frame: a hello tells the server's time and the limits of topics, a
   * "fresh" frame tells when a limit changes.
   * @param {Record<string, unknown>} frame
   */
  control({ wakesocket: kind, time, fresh }) {
    if (kind !== "hello" && kind !== "fresh") return;
    if (kind === "hello") {
      if (typeof time === "number") {
        this.#server.hello(time);
        // Events of such a feed say when they were published.
        this.#timeField ??= "time";
      }
      this.#limits.clear();
    }
    this.#limits.declare(fresh);
    this.#expect();
    this.#check();
  }

  /** @param {number} ms */
  roundTrip(ms) {
    this.#server.roundTrip(ms);
  }

  /**
   * @param {StateName} name
   * @param {number} [generation] of the socket that delivers
   */
  state(name, generation = 0) {
    this.#clock.now();
    if (name === "live") this.#clock.explain(generation !== this.#generation);
    else if (name !== "checking") this.#clock.explain(true);
    this.#state = name;
    this.#generation = generation;
    if (name === "live" && !this.#begun) {
      this.#begun = true;
      this.#expect();
    }
    if (name === "stopped") this.#timer.set(-1);
    else this.#check();
  }

  /** @param {readonly string[]} topics the topics that the page wants; none means all */
  filter(topics) {
    this.#want(topics.length > 0 ? topics : undefined);
  }

  /** @param {readonly string[]} topics that the page wants, too */
  add(topics) {
    if (this.#filter) this.#want([...new Set([...this.#filter, ...topics])]);
  }

  /** @param {readonly string[]} topics that the page no longer wants */
  remove(topics) {
    const gone = new Set(topics);
    if (this.#filter) this.#want(this.#filter.filter((name) => !gone.has(name)));
  }

  /** @param {readonly string[] | undefined} topics undefined: all of them */
  #want(topics) {
    this.#filter = topics;
    this.#wantedTopics = new TopicSet(topics ?? []);
    for (const topic of this.#topics.keys()) if (!this.#wanted(topic)) this.#forget(topic);
    this.#expect();
    this.#check();
  }

  /**
   * An event is being delivered.
   * @param {FeedEvent} event
   * @param {number} [at] when it had arrived, on performance.now(): it may have waited for slow callbacks
   */
  event(event, at = performance.now()) {
    const name = typeof event.topic === "string" ? event.topic : "";
    const time = this.#timeOf(event);
    if (time !== undefined) this.#server.event(time);
    const known = this.#topics.get(name);
    const topic = known ?? this.#add(name);
    if (topic.lastEventAt === null) this.#replace(name);
    const waited = performance.now() - at;
    topic.arrived = this.#clock.now() - waited;
    topic.time = time === undefined ? undefined : Math.max(time, topic.time ?? time);
    topic.lastEventAt = Math.round(Date.now() - waited);
    // The deadline of a topic that goes on speaking is looked at when the timer fires.
    if (!known || topic.stale || this.#age(topic) > oldEvent) this.#judge(name, topic);
  }

  /**
   * A topic that is asked for is expected from then on: the page shows it.
   * @param {string} [name] of a topic or a pattern; without it, the feed as a whole
   * @returns {import("./shim.d.ts").TopicStatus}
   */
  topic(name) {
    const live = this.#state === "live" && this.#page.lag() === 0;
    if (name === undefined) return this.#status([...this.#topics.values()], !live || this.staleTopics().length > 0);
    if (!this.#topics.has(name)) this.#ask(name);
    const found = this.#found(name);
    return this.#status(
      found.map(([, topic]) => topic),
      !live || !this.#wanted(name) || found.some(([known, topic]) => this.#silent(known, topic)),
    );
  }

  /** The topics that are silent for longer than their limit. */
  staleTopics() {
    return [...this.#topics].filter(([name, topic]) => this.#silent(name, topic)).map(([name]) => name);
  }

  /**
   * @param {string} name of a topic or a pattern
   * @returns {[string, Topic][]} what it stands for
   */
  #found(name) {
    if (isPattern(name)) return [...this.#topics].filter(([topic]) => matches(name, topic));
    const topic = this.#topics.get(name);
    return topic ? [[name, topic]] : [];
  }

  /**
   * @param {Topic[]} topics the newest event of these counts
   * @param {boolean} stale
   */
  #status(topics, stale) {
    const newest = topics.filter((topic) => topic.lastEventAt !== null).sort((a, b) => this.#age(a) - this.#age(b))[0];
    return Object.freeze({ stale, lastEventAt: newest ? newest.lastEventAt : null, age: newest ? Math.round(this.#age(newest)) : null });
  }

  /** @param {Topic} topic */
  #age({ arrived, time }) {
    const sinceArrival = this.#clock.now() - arrived;
    return time === undefined ? sinceArrival : Math.max(sinceArrival, this.#server.age(time));
  }

  /**
   * @param {string} name
   * @param {Topic} topic
   */
  #silent(name, topic) {
    const limit = this.#limits.of(name);
    return limit > 0 && this.#age(topic) > limit;
  }

  /** @param {FeedEvent} event */
  #timeOf(event) {
    if (this.#timeField === undefined) return undefined;
    try {
      return eventTime(event, this.#timeField);
    } catch (thrown) {
      this.#page.error(/** @type {WakesocketError} */ (thrown));
      return undefined;
    }
  }

  /** @param {string} name of a topic; or of a pattern, of which a part is enough */
  #wanted(name) {
    return !this.#filter || this.#wantedTopics.has(name) || (isPattern(name) && this.#filter.some((wanted) => matches(name, wanted)));
  }

  /** @param {string} name */
  #add(name) {
    /** @type {Topic} */
    const topic = { arrived: this.#clock.now(), time: undefined, lastEventAt: null, stale: false };
    this.#topics.set(name, topic);
    if (this.#topics.size > maxTopics) this.#forget(this.#topics.keys().next().value ?? "");
    return topic;
  }

  /**
   * Forgets what was expected in place of a topic: any event, or one of a pattern.
   * @param {string} name
   */
  #replace(name) {
    for (const other of ["", ...patterns(name)]) if (other !== name && this.#topics.get(other)?.lastEventAt === null) this.#forget(other);
  }

  /**
   * Nothing is expected of the topic any more, so it cannot be stale.
   * @param {string} name
   */
  #forget(name) {
    const topic = this.#topics.get(name);
    this.#topics.delete(name);
    if (topic?.stale) this.#change(name, topic);
  }

  /** Topics that have a limit must speak, even if they never did. */
  #expect() {
    if (!this.#begun) return;
    const names = [...this.#limits.topics(), ...(this.#filter ?? []).filter((name) => !isPattern(name))].filter((name) => this.#wanted(name));
    if (names.length === 0 && this.#topics.size === 0) names.push("");
    for (const name of names) if (!this.#topics.has(name)) this.#add(name);
    for (const name of this.#asked) this.#ask(name);
  }

  /** @param {string} name of a topic or a pattern that the page shows */
  #ask(name) {
    if (this.#asked.size < maxTopics) this.#asked.add(name);
    if (this.#begun && this.#limits.of(name) > 0 && this.#wanted(name) && this.#found(name).length === 0) this.#judge(name, this.#add(name));
  }

  /** Tells the page which topics went stale or came back, and sets the timer for the next one. */
  #check() {
    this.#nextCheck = Infinity;
    this.#timer.set(-1);
    for (const [name, topic] of this.#topics) this.#judge(name, topic);
  }

  /**
   * Tells the page when a topic went stale or came back.
   * @param {string} name
   * @param {Topic} topic
   */
  #judge(name, topic) {
    if (this.#silent(name, topic) !== topic.stale) this.#change(name, topic);
    const limit = this.#limits.of(name);
    if (limit <= 0 || topic.stale || this.#state === "stopped") return;
    const at = performance.now() + limit - this.#age(topic) + 1;
    if (at >= this.#nextCheck) return;
    this.#nextCheck = at;
    this.#timer.set(at);
  }

  /**
   * @param {string} name
   * @param {Topic} topic
   */
  #change(name, topic) {
    topic.stale = !topic.stale;
    const { age, lastEventAt } = this.#status([topic], topic.stale);
    this.#page.changed(topic.stale ? "stale" : "fresh", Object.freeze({ topic: name, age, lastEventAt, staleAfter: this.#limits.of(name) }));
  }
}
