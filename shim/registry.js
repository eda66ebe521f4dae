// @ts-check
import { reportThrown } from "./error.js";
import { release } from "./wire.gen.js";

/** @typedef {import("./shim.d.ts").Feed} Feed */
/** @typedef {"live" | "stale" | "lost"} Verdict "stale": connected, but a topic is silent; "lost": not live */

/**
 * Two copies of shim.js in one page, of one version or of two, share one registry
 * under this name. Whatever a later version changes in it must go on working for
 * copies of this one; otherwise the number in the name changes.
 */
const name = Symbol.for("wakesocket.page.1");

/** The events after which a feed says something else about its data. */
export const changes = /** @type {const} */ (["state", "stale", "fresh"]);

/** From the best to the worst. */
const ranks = ["live", "checking", "connecting", "reconnecting", "offline", "failed", "stopped"];

/** The feeds of a page, and what they say together about its data. */
export class Registry {
  /** The version of the copy that made this registry. */
  release = release;
  /** Whether a copy of shim.js has started the marks and the badge. */
  decorated = false;
  /** @type {Feed[]} the oldest first */
  #feeds = [];
  /** @type {WeakSet<Feed>} */
  #wasLive = new WeakSet();
  /** @type {Set<() => void>} */
  #watchers = new Set();

  /**
   * Makes a feed known to badges and stale marks. It leaves when it is closed,
   * unless it is the only one.
   * @param {Feed} feed
   */
  add(feed) {
    if (this.#feeds.includes(feed)) return;
    this.#feeds.push(feed);
    for (const type of changes) feed.addEventListener(type, this.#changed);
    this.#changed();
  }

  /** The feeds whose data the page shows. */
  get feeds() {
    return this.#feeds;
  }

  /**
   * Calls back whenever a feed comes, goes or changes.
   * @param {() => void} watcher
   * @returns {() => void} ends it
   */
  watch(watcher) {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /**
   * The feed that a badge of the whole page shows: the one in the worst state, or
   * else one with a silent topic.
   * @returns {Feed | null}
   */
  worst() {
    const badness = (/** @type {Feed} */ feed) => ranks.indexOf(feed.state.name) || (feed.staleTopics.length > 0 ? 0.5 : 0);
    return this.#counted().reduce((worst, feed) => (badness(feed) > badness(worst) ? feed : worst), this.#counted()[0]) ?? null;
  }

  /**
   * What the page's data are worth.
   * @param {string} [topic] only those of one topic
   * @returns {Verdict}
   */
  verdict(topic) {
    const counted = this.#counted();
    const speaking = counted.filter((feed) => topic !== undefined && feed.topic(topic).lastEventAt !== null);
    const feeds = speaking.length > 0 ? speaking : counted;
    if (feeds.length === 0 || feeds.some((feed) => feed.state.name !== "live")) return "lost";
    const isStale = (/** @type {Feed} */ feed) => feed.topic(topic).stale;
    // As long as a topic has not spoken, the feeds that do not follow it say nothing about it.
    const stale = topic === undefined || speaking.length > 0 ? feeds.some(isStale) : feeds.every(isStale);
    return stale ? "stale" : "live";
  }

  /** A feed that failed before it was live has brought no data; it does not make those of others stale. */
  #counted() {
    const counted = this.#feeds.filter((feed) => feed.state.name !== "failed" || this.#wasLive.has(feed));
    return counted.length > 0 ? counted : this.#feeds;
  }

  #changed = () => {
    for (const feed of this.#feeds) {
      if (feed.state.name === "live") this.#wasLive.add(feed);
      if (feed.state.name === "stopped" && this.#feeds.length > 1) this.#remove(feed);
    }
    for (const watcher of [...this.#watchers]) {
      // One badge that fails must not keep the others, or the feed, from going on.
      try {
        watcher();
      } catch (thrown) {
        reportThrown(thrown);
      }
    }
  };

  /** @param {Feed} feed */
  #remove(feed) {
    for (const type of changes) feed.removeEventListener(type, this.#changed);
    this.#feeds = this.#feeds.filter((other) => other !== feed);
  }
}

let warned = false;

/**
 * The registry of this page: the one of the copy that was there first.
 * @returns {Registry}
 */
export function registry() {
  const page = /** @type {any} */ (globalThis);
  page[name] ??= new Registry();
  const found = page[name].release;
  if (found !== release && !warned) {
    warned = true;
    console.warn(
      `wakesocket: this page loads two versions, ${found} and ${release}. Feeds of both work, but the page loads all of it twice. ` +
        "Load one: with a bundler, see `npm ls wakesocket` and update what brings the other; else look for a second <script> or import map entry",
    );
  }
  return page[name];
}
