/**
 * wakesocket: a feed of events over a WebSocket that is never silently stale.
 * @packageDocumentation
 */

/**
 * - `connecting`: no connection yet
 * - `live`: proven and caught up
 * - `checking`: open, but its life is in doubt
 * - `reconnecting`: lost, or not yet caught up
 * - `offline`: lost, and the browser sees no network
 * - `stopped`: closed by `close()`
 * - `failed`: ended by an error that a retry cannot mend; `cause` tells which
 */
export type StateName = "connecting" | "live" | "checking" | "reconnecting" | "offline" | "stopped" | "failed";

/** What a feed can say about itself. Times are epoch milliseconds, null when there is none. */
export interface State {
  readonly name: StateName;
  readonly since: number;
  /** Failed dials in a row. */
  readonly attempt: number;
  readonly retryAt: number | null;
  /** Why the connection was lost, is in doubt or failed; "" when there is nothing to say. */
  readonly cause: string;
  readonly lastEventAt: number | null;
  /** Round trip in milliseconds, smoothed; null before the first pong. */
  readonly rtt: number | null;
  /**
   * Events that have arrived and wait because callbacks are slow; 0 unless one
   * has waited for half a second. Then the page shows old data, also while live.
   */
  readonly lag: number;
}

/** An event as the server sent it. */
export interface FeedEvent {
  /** A number that JavaScript cannot hold exactly arrives as a string of its digits. */
  id?: string | number;
  topic?: string;
  data?: any;
  [name: string]: any;
}

/** Events that are missing for good: those after `after` and before `earliest`. */
export interface Gap {
  /** The cursor that the feed asked to go on from. */
  readonly after: string;
  /** The oldest event that the server still has, "" when it has none. */
  readonly earliest: string;
  /**
   * "trimmed", "epoch", "future", "invalid", "restarted" (ids began anew), "skipped"
   * (consecutive ids jumped), "unknown" (the server did not say), or another word of
   * the server's.
   */
  readonly reason: string;
}

/**
 * Codes: "frame-malformed", "frame-binary", "frame-not-an-event", "id-invalid",
 * "url-failed", "address-refused", "persist-failed", "options-invalid", "engine-failed",
 * "message-too-large", "too-many-messages", "messages-lost", "too-many-topics",
 * "unsupported", "failed", "closed", and the codes of a server's error frames.
 */
export declare class WakesocketError extends Error {
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions);
}

/** What is known of one topic, or of a feed as a whole. A frozen copy of this moment. */
export interface TopicStatus {
  /**
   * Whether the newest data may be out of date: the feed is not live, events
   * wait for the page's callbacks (`state.lag`), or the topic (of a whole feed: any
   * topic) has been silent for longer than `staleAfter`.
   */
  readonly stale: boolean;
  /** When the newest event arrived, in epoch milliseconds; null before the first. */
  readonly lastEventAt: number | null;
  /**
   * How old the newest event is, in milliseconds; null before the first. It counts
   * from the publishing where events tell their time (a wakesocket server's do, see
   * `timeField` for others), else from the arrival. Setting a clock does not change it.
   */
  readonly age: number | null;
}

/** Details of the events "stale" and "fresh". */
export interface TopicChange {
  /** "" for events without a topic. */
  readonly topic: string;
  /** As in TopicStatus. */
  readonly age: number | null;
  /** As in TopicStatus. */
  readonly lastEventAt: number | null;
  /** The limit that counts for the topic, in milliseconds. */
  readonly staleAfter: number;
}

/** Durations are milliseconds. */
export interface Options {
  /** Only events of these topics; none means all. */
  topics?: readonly string[];
  /** Id to go on from, "" for the present. */
  after?: string;
  /** sessionStorage key under which the cursor survives a reload; it goes before `after`. */
  persist?: string;
  /** Names this client in the server's drop log; a random id of the tab if not given. */
  client?: string;
  /**
   * How old the newest event of a topic may be before the topic counts as stale: a
   * number for every topic that speaks, or an object with a number for each topic,
   * where "price.*" stands for all topics that begin with "price." and "*" for all
   * others. 0 is no limit. A topic that is named here, or in `topics`, must speak
   * within its limit even if it never did. The server can declare limits, too; the
   * more specific one counts, and the page's where both name the same. Defaults to
   * the limits of the server, if any.
   */
  staleAfter?: number | Readonly<Record<string, number>>;
  /**
   * The field of an event that says when it was published, with dots into nested
   * objects ("data.time"): epoch milliseconds or an ISO 8601 string. Defaults to
   * "time" with servers that tell their own time in the hello, else to none.
   */
  timeField?: string;
  onState?: (state: State) => void;
  onGap?: (gap: Gap) => void;
  /** Without it, and without a listener of "error", the first error of each code goes to the console. */
  onError?: (error: WakesocketError) => void;
  /** Where client.wasm is; beside shim.js if not given. */
  wasmURL?: string | URL;
  /** Between pings, 25000; 0 sends none, and then silence goes unnoticed. */
  heartbeat?: number;
  /** An unanswered ping ends the connection, 10000. */
  heartbeatTimeout?: number;
  /** Quiet time before a ping while the page is visible, 5000. */
  visibleHeartbeat?: number;
  /** An unanswered ping starts a second socket beside the first, 2000. */
  challengeAfter?: number;
  /** Upper bound of the first wait, doubled by each failure, 1000. */
  minReconnectDelay?: number;
  /** Upper bound of every wait, 30000. */
  maxReconnectDelay?: number;
  /** Proven life after which failures are forgotten, 5000. */
  minUptime?: number;
  /** For a connection to open, 5000. */
  connectTimeout?: number;
  /** Window of the first retry when the server names none, 1000. */
  firstRetryWindow?: number;
  /** The ids of a plain server count up by one, so that a jump is a gap with the reason "skipped"; false. */
  consecutiveIds?: boolean;
}

/** What a url function is called with. */
export interface URLContext {
  /** The server refused the last address: a new token is needed. */
  fresh: boolean;
  /** Failed dials in a row. */
  attempt: number;
}

/**
 * Relative to the page; http becomes ws, https becomes wss. A function is asked
 * before each dial; when it throws or rejects, the dial counts as failed.
 */
export type FeedURL = string | URL | ((ctx: URLContext) => string | URL | Promise<string | URL>);

export interface FeedEvents {
  state: CustomEvent<State>;
  gap: CustomEvent<Gap>;
  error: CustomEvent<WakesocketError>;
  /** A topic has been silent for longer than its limit. */
  stale: CustomEvent<TopicChange>;
  /** A topic that was stale has news again. */
  fresh: CustomEvent<TopicChange>;
}

export interface Feed extends EventTarget {
  /** As it is now; a new frozen object whenever something changed. */
  readonly state: State;
  /** Resolves when first live; rejects when failed or closed before. */
  readonly ready: Promise<void>;
  /** Id of the last event that was delivered, or the position that the server reported. */
  readonly cursor: string;
  /** What is known of a topic; without a name, of the feed as a whole. */
  topic(name?: string): TopicStatus;
  /** The topics that have been silent for longer than `staleAfter`; "" stands for events without a topic. */
  readonly staleTopics: readonly string[];
  /** Calls back for every event from now on; returns how to stop that. */
  subscribe(callback: (event: FeedEvent) => void): () => void;
  /** Calls back for the events of one topic. */
  subscribe(topic: string, callback: (event: FeedEvent) => void): () => void;
  /** Sends JSON; false when not live, and then nothing is queued. Throws what JSON.stringify throws. */
  send(message: unknown): boolean;
  /** Replaces the topics; none means all. */
  setTopics(topics: readonly string[]): void;
  /** Dials now; also ends stopped and failed. A connection that looks alive is tested. */
  reconnect(): void;
  /** Closes, and stays closed until reconnect(). */
  close(): void;
  addEventListener<K extends keyof FeedEvents>(
    type: K,
    listener: ((event: FeedEvents[K]) => void) | { handleEvent(event: FeedEvents[K]): void } | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof FeedEvents>(
    type: K,
    listener: ((event: FeedEvents[K]) => void) | { handleEvent(event: FeedEvents[K]): void } | null,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void;
}

/**
 * Connects to a feed and returns at once. Throws a TypeError when the url or an
 * option is of the wrong type.
 */
export declare function connect(url: FeedURL, options?: Options): Feed;
