import type { EventOf, Feed, FeedURL, Options, State, TopicName } from "./shim.d.ts";
import type { HTMLAttributes } from "svelte/elements";
import type { BadgeLabels, WakesocketBadge } from "./badge.d.ts";

/** A store as Svelte 3, 4 and 5 read it: $store in a component. */
export interface Readable<V> {
  subscribe(run: (value: V) => void): () => void;
}

/**
 * Connects when the store has its first subscriber, and closes when it has lost its last; null before that, on a server,
 * and while url is null. Another url or another option makes another connection;
 * functions among them may change at any time without that, but `snapshot` and `onError` that come or go are another option.
 */
export declare function useFeed<T = any, S = any>(url: FeedURL | null, options?: Options<S>): Readable<Feed<T, S> | null>;

/** The state of a feed. Without one it is that of the page's feed that is in the worst state. */
export declare function useConnectionState(feed?: Feed | null | Readable<Feed | null>): Readable<State>;

/** The newest event of a topic; undefined before the first. */
export declare function useTopic<T, Topic extends TopicName<T>>(
  feed: Feed<T> | null | Readable<Feed<T> | null>,
  topic: Topic,
): Readable<EventOf<T, Topic> | undefined>;

/** The newest events of a topic, or of all topics; the oldest first. limit is how many are kept. Defaults to 100. */
export declare function useEvents<T, Topic extends TopicName<T> = TopicName<T>>(
  feed: Feed<T> | null | Readable<Feed<T> | null>,
  topic?: Topic,
  options?: { limit?: number | undefined },
): Readable<readonly EventOf<T, Topic>[]>;

/**
 * The state that a reducer makes of the newest snapshot and of each event after it; undefined
 * before the first. The feed needs the option `snapshot`. A component that comes later
 * makes the feed load another snapshot, for all. The reducer must not change what it is given.
 */
export declare function useSnapshot<T, S>(
  feed: Feed<T, S> | null | Readable<Feed<T, S> | null>,
  reducer: (state: S, event: EventOf<T>) => S,
): Readable<S | undefined>;

/** Whether the data of a topic, or any data of the page, may be out of date: what an element with data-stale shows. */
export declare function useStale(topic?: string): Readable<boolean>;

/** Attributes of <wakesocket-badge>; words are set as label-live="En direct" and its like. */
interface BadgeAttributes {
  compact?: boolean | "" | undefined;
  [label: `label-${string}`]: string | undefined;
}

declare module "svelte/elements" {
  interface SvelteHTMLElements {
    "wakesocket-badge": HTMLAttributes<WakesocketBadge> & BadgeAttributes & { feed?: Feed | null; labels?: Partial<BadgeLabels> };
  }
}
