// @ts-check
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { connectionKey, eventsStore, openFeed, snapshotStore, staleStore, stateStore, topicStore, unconnected } from "./stores.js";

/**
 * @param {import("./shim.d.ts").FeedURL | null} url
 * @param {import("./shim.d.ts").Options} [options]
 */
export function useFeed(url, options) {
  const key = connectionKey(url, options);
  const [opened, setOpened] = useState(/** @type {{key: string, feed: import("./shim.d.ts").Feed} | null} */ (null));
  const kept = useRef(/** @type {{key: string, feed: import("./shim.d.ts").Feed, timer?: ReturnType<typeof setTimeout>} | null} */ (null));
  const latest = useRef({ url, options });
  useEffect(() => {
    latest.current = { url, options };
  });
  useEffect(() => {
    if (key === null) return;
    const old = kept.current;
    clearTimeout(old?.timer);
    if (old && old.key !== key) old.feed.close();
    const mine = old?.key === key ? old : { key, feed: openFeed(() => /** @type {any} */ (latest.current)) };
    kept.current = mine;
    setOpened(mine);
    return () => {
      // Later: StrictMode ends each effect once and runs it again at once.
      mine.timer = setTimeout(() => {
        mine.feed.close();
        if (kept.current === mine) kept.current = null;
      });
    };
  }, [key]);
  return opened?.key === key ? opened.feed : null;
}

/**
 * @template T
 * @param {import("./stores.js").Store<T>} store
 * @param {T} onServer
 */
function useStore({ subscribe, get }, onServer) {
  return useSyncExternalStore(subscribe, get, () => onServer);
}

/** @param {import("./shim.d.ts").Feed | null} [feed] */
export function useConnectionState(feed) {
  return useStore(
    useMemo(() => stateStore(feed), [feed]),
    unconnected,
  );
}

/** @param {import("./shim.d.ts").Feed | null} feed @param {string} topic */
export function useTopic(feed, topic) {
  return useStore(
    useMemo(() => topicStore(feed, topic), [feed, topic]),
    undefined,
  );
}

/** @type {readonly any[]} */
const noEvents = [];

/** @param {import("./shim.d.ts").Feed | null} feed @param {string} [topic] @param {{limit?: number | undefined}} [options] */
export function useEvents(feed, topic, options) {
  const limit = options?.limit;
  return useStore(
    useMemo(() => eventsStore(feed, topic, { limit }), [feed, topic, limit]),
    noEvents,
  );
}

/** @param {import("./shim.d.ts").Feed | null} feed @param {(state: any, event: any) => any} reducer */
export function useSnapshot(feed, reducer) {
  const latest = useRef(reducer);
  useEffect(() => {
    latest.current = reducer;
  });
  return useStore(
    useMemo(() => snapshotStore(feed, (state, event) => latest.current(state, event)), [feed]),
    undefined,
  );
}

/** @param {string} [topic] */
export function useStale(topic) {
  return useStore(
    useMemo(() => staleStore(topic), [topic]),
    true,
  );
}
