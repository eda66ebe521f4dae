import type { EventOf, Feed, FeedURL, Options, State, TopicName } from "./shim.d.ts";
import type { DefineComponent, MaybeRef, MaybeRefOrGetter, ShallowRef } from "vue";
import type { BadgeLabels } from "./badge.d.ts";

/**
 * Connects when the component is mounted, and closes when it is unmounted; null before that, on a server,
 * and while url is null. Another url or another option makes another connection;
 * functions among them may change at any time without that, but `snapshot` and `onError` that come or go are another option.
 */
export declare function useFeed<T = any, S = any>(
  url: MaybeRef<FeedURL | null>,
  options?: MaybeRef<Options<S> | undefined>,
): Readonly<ShallowRef<Feed<T, S> | null>>;

/** The state of a feed. Without one it is that of the page's feed that is in the worst state. */
export declare function useConnectionState(feed?: MaybeRef<Feed | null>): Readonly<ShallowRef<State>>;

/** The newest event of a topic; undefined before the first. */
export declare function useTopic<T, Topic extends TopicName<T>>(
  feed: MaybeRef<Feed<T> | null>,
  topic: MaybeRefOrGetter<Topic>,
): Readonly<ShallowRef<EventOf<T, Topic> | undefined>>;

/** The newest events of a topic, or of all topics; the oldest first. limit is how many are kept. Defaults to 100. */
export declare function useEvents<T, Topic extends TopicName<T> = TopicName<T>>(
  feed: MaybeRef<Feed<T> | null>,
  topic?: MaybeRefOrGetter<Topic | undefined>,
  options?: { limit?: number | undefined },
): Readonly<ShallowRef<readonly EventOf<T, Topic>[]>>;

/**
 * The state that a reducer makes of the newest snapshot and of each event after it; undefined
 * before the first. The feed needs the option `snapshot`. A component that comes later
 * makes the feed load another snapshot, for all. The reducer must not change what it is given.
 */
export declare function useSnapshot<T, S>(feed: MaybeRef<Feed<T, S> | null>, reducer: (state: S, event: EventOf<T>) => S): Readonly<ShallowRef<S | undefined>>;

/** Whether the data of a topic, or any data of the page, may be out of date: what an element with data-stale shows. */
export declare function useStale(topic?: MaybeRefOrGetter<string | undefined>): Readonly<ShallowRef<boolean>>;

/** Attributes of <wakesocket-badge>; words are set as label-live="En direct" and its like. */
interface BadgeAttributes {
  compact?: boolean | "" | undefined;
  [label: `label-${string}`]: string | undefined;
}

declare module "vue" {
  interface GlobalComponents {
    "wakesocket-badge": DefineComponent<BadgeAttributes & { feed?: Feed | null; labels?: Partial<BadgeLabels> }>;
  }
}
