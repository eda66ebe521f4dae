// @ts-check
import { getCurrentInstance, getCurrentScope, onMounted, onScopeDispose, shallowReadonly, shallowRef, toValue, unref, watch } from "vue";
import { canConnect, connectionKey, eventsStore, openFeed, snapshotStore, staleStore, stateStore, topicStore } from "./stores.js";

/**
 * @param {any} url
 * @param {any} [options]
 */
export function useFeed(url, options) {
  const scope = getCurrentScope();
  if (!scope) throw new Error("useFeed(url, options) must be called in setup() or in an effectScope(), so that the feed is closed with it");
  const feed = shallowRef(/** @type {import("./shim.d.ts").Feed | null} */ (null));
  const current = () => ({ url: unref(url), options: unref(options) });
  const open = () => {
    const { url, options } = current();
    feed.value?.close();
    feed.value = connectionKey(url, options) === null ? null : openFeed(/** @type {any} */ (current));
  };
  // In the scope: that of a store or a shared composable outlives the component that came first.
  const start = () =>
    scope.run(() => {
      open();
      watch(() => connectionKey(unref(url), unref(options)), open);
    });
  // Not before it is mounted: what a server renders has no connection.
  if (getCurrentInstance()) onMounted(start);
  else if (canConnect()) start();
  onScopeDispose(() => feed.value?.close());
  return shallowReadonly(feed);
}

/**
 * @template T
 * @param {() => import("./stores.js").Store<T>} make
 */
function useStore(make) {
  const value = shallowRef(make().get());
  watch(
    make,
    (store, _, onCleanup) => {
      const read = () => {
        value.value = store.get();
      };
      onCleanup(store.subscribe(read));
      read();
    },
    { immediate: true },
  );
  return shallowReadonly(value);
}

/** @param {any} [feed] */
export function useConnectionState(feed) {
  return useStore(() => stateStore(unref(feed)));
}

/** @param {any} feed @param {any} topic */
export function useTopic(feed, topic) {
  return useStore(() => topicStore(unref(feed), toValue(topic)));
}

/** @param {any} feed @param {any} [topic] @param {{limit?: number | undefined}} [options] */
export function useEvents(feed, topic, options) {
  return useStore(() => eventsStore(unref(feed), toValue(topic), options));
}

/** @param {any} feed @param {(state: any, event: any) => any} reducer */
export function useSnapshot(feed, reducer) {
  return useStore(() => snapshotStore(unref(feed), reducer));
}

/** @param {any} [topic] */
export function useStale(topic) {
  return useStore(() => staleStore(toValue(topic)));
}
