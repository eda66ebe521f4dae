// @ts-check
// What the entries for React, Vue and Svelte have in common: values that change,
// in the one form that all three can read.
import { debounceLoss } from "./debounce.js";
import { reportThrown } from "./error.js";
import { connect } from "./index.js";
import { changes, registry } from "./registry.js";

/** @typedef {import("./shim.d.ts").Feed} Feed */
/** @typedef {import("./shim.d.ts").FeedURL} FeedURL */
/** @typedef {import("./shim.d.ts").Options} Options */

/**
 * A value that changes: subscribe calls back after each change until what it
 * returned is called.
 * @template T
 * @typedef {{subscribe: (changed: () => void) => () => void, get: () => T}} Store
 */

/**
 * The state where there is no feed yet: before a page is mounted, and on a server.
 * @type {import("./shim.d.ts").State}
 */
export const unconnected = Object.freeze({
  name: "connecting",
  since: 0,
  attempt: 0,
  retryAt: null,
  cause: "",
  lastEventAt: null,
  rtt: null,
  lag: 0,
  snapshot: "",
  unguarded: "",
  shared: false,
  unshared: "",
});

const none = () => () => {};

/** Whether there can be a connection: not where a page is rendered on a server. */
export const canConnect = () => typeof document === "object" || "WorkerGlobalScope" in globalThis;

/**
 * Names what makes a connection another one, so that an options object that is
 * written anew for each rendering makes no new connection. Functions are left out, but
 * not whether there is one of those without which a feed does something else.
 * @param {FeedURL | null | undefined} url
 * @param {Options} [options]
 * @returns {string | null} null without a url
 */
export function connectionKey(url, options) {
  if (url === null || url === undefined) return null;
  return JSON.stringify([typeof url === "function" ? null : String(url), options, typeof options?.snapshot, typeof options?.onError]);
}

/**
 * Connects for a component. The functions of url and options may be other ones
 * after each rendering: they are looked up when they are called.
 * @param {() => {url: FeedURL, options?: Options | undefined}} current
 * @returns {Feed}
 */
export function openFeed(current) {
  const { url, options } = current();
  const own = { ...options };
  const look = (/** @type {"onState" | "onGap" | "onError" | "snapshot" | "onSnapshot"} */ name) => {
    own[name] = /** @type {any} */ ((/** @type {any} */ detail) => current().options?.[name]?.(detail));
  };
  for (const name of /** @type {const} */ (["snapshot", "onError"])) if (typeof own[name] === "function") look(name);
  // A later rendering may bring one.
  for (const name of /** @type {const} */ (["onState", "onGap", "onSnapshot"])) if (["function", "undefined"].includes(typeof own[name])) look(name);
  const ask = /** @type {FeedURL} */ ((/** @type {any} */ context) => /** @type {Function} */ (current().url)(context));
  return connect(typeof url === "function" ? ask : url, own);
}

/**
 * The state of a feed; of the page's worst feed, if none is named.
 * @param {Feed | null} [feed] null: not connected yet
 * @returns {Store<import("./shim.d.ts").State>}
 */
export function stateStore(feed) {
  checkFeed("useConnectionState(feed)", feed);
  const watchPage = (/** @type {() => void} */ changed) => registry().watch(changed);
  const watchFeed = (/** @type {() => void} */ changed) => {
    for (const type of changes) feed?.addEventListener(type, changed);
    return () => changes.forEach((type) => feed?.removeEventListener(type, changed));
  };
  return {
    subscribe: feed === undefined ? watchPage : watchFeed,
    get: () => (feed === undefined ? registry().worst() : feed)?.state ?? unconnected,
  };
}

/**
 * The newest event of a topic since somebody subscribed.
 * @param {Feed | null} feed
 * @param {string} topic
 * @returns {Store<any>} undefined before the first event
 */
export function topicStore(feed, topic) {
  checkFeed("useTopic(feed, topic)", feed);
  if (typeof topic !== "string") throw new TypeError(`useTopic(feed, topic): topic must be a string, not ${typeof topic}; for all topics see useEvents(feed)`);
  /** @type {any} */
  let newest;
  const subscribe = (/** @type {() => void} */ changed) =>
    /** @type {Feed} */ (feed).subscribe(topic, (event) => {
      newest = event;
      changed();
    });
  return { subscribe: feed ? subscribe : none, get: () => newest };
}

/** @type {readonly any[]} */
const noEvents = Object.freeze([]);

/**
 * The newest events of a topic, or of all, since somebody subscribed; the oldest first.
 * @param {Feed | null} feed
 * @param {string} [topic]
 * @param {{limit?: number | undefined}} [options]
 * @returns {Store<readonly any[]>}
 */
export function eventsStore(feed, topic, { limit = 100 } = {}) {
  checkFeed("useEvents(feed, topic, options)", feed);
  if (!(limit >= 1)) throw new TypeError(`useEvents(feed, topic, options): limit must be a number of events, not ${limit}`);
  let events = noEvents;
  const subscribe = (/** @type {() => void} */ changed) => {
    const add = (/** @type {any} */ event) => {
      events = [...events.slice(1 - limit || events.length), event];
      changed();
    };
    const named = /** @type {Feed} */ (feed);
    return topic === undefined ? named.subscribe(add) : named.subscribe(topic, add);
  };
  return { subscribe: feed ? once(subscribe) : none, get: () => events };
}

/**
 * What a reducer makes of the newest snapshot and the events after it.
 * @param {Feed | null} feed
 * @param {(state: any, event: any) => any} reducer
 * @returns {Store<any>} undefined before the first snapshot
 */
export function snapshotStore(feed, reducer) {
  checkFeed("useSnapshot(feed, reducer)", feed);
  if (typeof reducer !== "function") throw new TypeError(`useSnapshot(feed, reducer): reducer must be a function, not ${typeof reducer}`);
  /** @type {any} */
  let state;
  const subscribe = (/** @type {() => void} */ changed) => {
    const named = /** @type {Feed} */ (feed);
    let given = false;
    const begin = (/** @type {CustomEvent} */ { detail }) => {
      given = true;
      state = detail.data;
      changed();
    };
    named.addEventListener("snapshot", begin);
    const end = named.subscribe((event) => {
      if (!given || event.history) return; // the snapshot has what came before it
      state = reducer(state, event);
      changed();
    });
    if (named.cursor !== "") named.reloadSnapshot(); // what the feed gave before is not known here
    return () => {
      named.removeEventListener("snapshot", begin);
      end();
    };
  };
  return { subscribe: feed ? once(subscribe) : none, get: () => state };
}

/**
 * Whether the data of a topic, or any of the page, may be out of date: what an
 * element with data-stale shows.
 * @param {string} [topic]
 * @returns {Store<boolean>}
 */
export function staleStore(topic) {
  if (topic !== undefined && typeof topic !== "string") {
    throw new TypeError(`useStale(topic): topic must be a string, or left out for all data of the page, not ${typeof topic}`);
  }
  let stale = true;
  return {
    subscribe(changed) {
      const show = debounceLoss((verdict) => {
        stale = verdict !== "live";
        changed();
      });
      const look = () => show(registry().verdict(topic));
      look();
      return registry().watch(look);
    },
    get: () => stale,
  };
}

/**
 * Subscribes once for all who subscribe to a store that gathers events: each event
 * must be counted once.
 * @param {Store<unknown>["subscribe"]} subscribe
 * @returns {Store<unknown>["subscribe"]}
 */
function once(subscribe) {
  /** @type {Set<{changed: () => void}>} */
  const subscribers = new Set();
  let end = () => {};
  const tell = () => {
    for (const { changed } of [...subscribers]) {
      try {
        changed();
      } catch (thrown) {
        reportThrown(thrown); // the others want to know, too
      }
    }
  };
  return (changed) => {
    const subscriber = { changed };
    if (subscribers.size === 0) end = subscribe(tell);
    subscribers.add(subscriber);
    return () => {
      if (subscribers.delete(subscriber) && subscribers.size === 0) end();
    };
  };
}

/**
 * @param {string} use
 * @param {unknown} feed
 */
function checkFeed(use, feed) {
  if (feed === null || feed === undefined || typeof (/** @type {any} */ (feed).subscribe) === "function") return;
  throw new TypeError(
    `${use}: feed must be what useFeed() or connect() returned, not ${typeof feed === "string" ? `the text "${feed}"` : `a value of type ${typeof feed}`}`,
  );
}
