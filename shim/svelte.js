// @ts-check
import { canConnect, connectionKey, eventsStore, openFeed, snapshotStore, staleStore, stateStore, topicStore } from "./stores.js";

/** @typedef {import("./shim.d.ts").Feed} Feed */
/** @typedef {Feed | null | undefined | {subscribe: (run: (feed: Feed | null) => void) => () => void}} Source a feed, or a store of one */

/**
 * @param {import("./shim.d.ts").FeedURL | null} url
 * @param {import("./shim.d.ts").Options} [options]
 */
export function useFeed(url, options) {
  /** @type {Feed | null} */
  let feed = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let subscribers = 0;
  return readable({
    subscribe() {
      clearTimeout(timer);
      subscribers++;
      let subscribed = true;
      // What a server renders has no connection.
      if (connectionKey(url, options) !== null && canConnect()) feed ??= openFeed(() => /** @type {any} */ ({ url, options }));
      return () => {
        if (!subscribed) return;
        subscribed = false;
        if (--subscribers > 0) return;
        // Later: the next component may subscribe in the same task.
        timer = setTimeout(() => {
          feed?.close();
          feed = null;
        });
      };
    },
    get: () => feed,
  });
}

/** @param {Source} [feed] */
export function useConnectionState(feed) {
  return follow(feed, stateStore);
}

/** @param {Source} feed @param {string} topic */
export function useTopic(feed, topic) {
  return follow(feed, (feed) => topicStore(feed ?? null, topic));
}

/** @param {Source} feed @param {string} [topic] @param {{limit?: number | undefined}} [options] */
export function useEvents(feed, topic, options) {
  return follow(feed, (feed) => eventsStore(feed ?? null, topic, options));
}

/** @param {Source} feed @param {(state: any, event: any) => any} reducer */
export function useSnapshot(feed, reducer) {
  return follow(feed, (feed) => snapshotStore(feed ?? null, reducer));
}

/** @param {string} [topic] */
export function useStale(topic) {
  return readable(staleStore(topic));
}

/**
 * A store of Svelte's form: it calls back at once, too.
 * @template T
 * @param {import("./stores.js").Store<T>} store
 */
function readable({ subscribe, get }) {
  return {
    /** @param {(value: T) => void} run */
    subscribe(run) {
      const end = subscribe(() => run(get()));
      run(get());
      return end;
    },
  };
}

/**
 * A value of the feed that a source has at the time.
 * @template T
 * @param {Source} source
 * @param {(feed: Feed | null | undefined) => import("./stores.js").Store<T>} make
 */
function follow(source, make) {
  // Of what is neither a feed nor a store, make says what is wrong with it.
  if (typeof source?.subscribe !== "function" || "state" in source) return readable(make(/** @type {Feed | null | undefined} */ (source)));
  return {
    /** @param {(value: T) => void} run */
    subscribe(run) {
      let end = () => {};
      const stop = source.subscribe((/** @type {any} */ feed) => {
        end();
        end = readable(make(feed)).subscribe(run);
      });
      return () => {
        end();
        stop();
      };
    },
  };
}
