// @ts-check

/** @typedef {import("./feed.js").Feed} Feed */

/** @type {Feed[]} */
let feeds = [];
/** @type {Set<() => void>} */
const watchers = new Set();

/**
 * Makes a feed known to the page's badges. Those that were closed leave.
 * @param {Feed} feed
 */
export function register(feed) {
  if (feeds.includes(feed)) return;
  feeds = [...feeds.filter((other) => other.state.name !== "stopped"), feed];
  feed.addEventListener("state", changed);
  changed();
}

/** The page's feeds, the oldest first. */
export function allFeeds() {
  return feeds;
}

/**
 * Calls back whenever the list or a state in it changes.
 * @param {() => void} watcher
 * @returns {() => void} ends it
 */
export function watchFeeds(watcher) {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

function changed() {
  for (const watcher of watchers) watcher();
}
