/** wakesocket: a feed of events over a WebSocket that is never silently stale. @packageDocumentation */

/**
 * - `connecting`: no connection yet
 * - `live`: proven and caught up
 * - `checking`: open, but its life is in doubt
 * - `reconnecting`: lost, or not yet caught up
 * - `offline`: lost, and the browser sees no network
 * - `stopped`: closed by `close()`
 * - `failed`: ended by an error that a retry cannot mend; `cause` tells which
 */
export type StateName = State["name"];

/** What every state tells. Times are epoch milliseconds, null when there is none. */
interface StateBase {
  readonly since: number;
  /** Failed dials in a row. */
  readonly attempt: number;
  /** Why the connection was lost, is in doubt or failed; "" when there is nothing to say. */
  readonly cause: string;
  readonly lastEventAt: number | null;
  /** Round trip in milliseconds, smoothed; null before the first pong. */
  readonly rtt: number | null;
  /** Events that wait because callbacks are slow; 0 unless one has waited for half a second. Then the page shows old data, also while live. */
  readonly lag: number;
  /**
   * What the page lacks of its snapshot (option `snapshot`): "loading" until the page has one and all events after it,
   * "failed" while the last call has failed and another one follows; else "". While it is not "", the feed is never
   * live. Where only the snapshot is missing, `attempt`, `retryAt` and `cause` are those of its calls.
   */
  readonly snapshot: "" | "loading" | "failed";
  /**
   * Why nobody guards the connection, "" while client.wasm does or is still expected. Without it, data is
   * as live as the state says, but a dead connection is noticed later, and a new one is made with simpler rules.
   */
  readonly unguarded: string;
  /** Whether the connection is that of the shared worker; see the option `share`. */
  readonly shared: boolean;
  /** Why this tab has a connection of its own although `share` was asked for; "" when it shares one, or did not ask. */
  readonly unshared: string;
}

/** A state in which the next dial may be planned. */
export interface WaitingState extends StateBase {
  readonly name: "connecting" | "reconnecting" | "offline";
  /** When the next dial is made, in epoch milliseconds; null while one is under way, or before it is known. */
  readonly retryAt: number | null;
}

/** A state that has no next dial. */
export interface SettledState extends StateBase {
  readonly name: "live" | "checking" | "stopped" | "failed";
}

/** What a feed says about itself. Only the states that wait have `retryAt`: compare `name`, or ask `"retryAt" in state`. */
export type State = WaitingState | SettledState;

/** An event as the server sent it. */
export interface FeedEvent {
  /** A number that JavaScript cannot hold exactly arrives as a string of its digits. */
  id?: string | number;
  topic?: string;
  /** When it was published, in epoch milliseconds. */
  time?: number;
  data?: any;
  /** It is an earlier event that `addTopics` asked for. */
  history?: true;
  /** How many events of its topic were passed over for it, of those where `latest` was asked for. */
  skipped?: number;
  [name: string]: any;
}

/** An event of a feed that names its topics: `connect<{ cpu: { load: number } }>(url)`. */
export interface TypedEvent<Topic extends string = string, Data = unknown> {
  /** A number that JavaScript cannot hold exactly arrives as a string of its digits. */
  readonly id?: string | number;
  readonly topic: Topic;
  /** When it was published, in epoch milliseconds; servers other than wakesocket's may not tell. */
  readonly time?: number;
  readonly data: Data;
  /** It is an earlier event that `addTopics` asked for. */
  readonly history?: true;
  /** How many events of its topic were passed over for it, of those where `latest` was asked for. */
  readonly skipped?: number;
}

/** The names of the topics of T; any name when T is any. */
export type TopicName<T> = Extract<keyof T, string>;

/** The event of one of the topics of T; of all of them, if none is named. */
export type EventOf<T, Topic extends TopicName<T> = TopicName<T>> = 0 extends 1 & T ? FeedEvent : { [Name in Topic]: TypedEvent<Name, T[Name]> }[Topic];

/**
 * - `trimmed`: the log no longer goes back that far
 * - `epoch`: the id belongs to another epoch of the log
 * - `future`: the id is newer than the log
 * - `invalid`: the text is not an id of this log
 * - `restarted`: the server began its ids anew
 * - `skipped`: consecutive ids jumped
 * - `limited`: there are more events than the server sends in one answer
 * - `unknown`: the server did not say why, or in a word that is none of these
 */
export type GapReason = "trimmed" | "epoch" | "future" | "invalid" | "restarted" | "skipped" | "limited" | "unknown";

/** Events that are missing for good: those after `after` and before `earliest`. */
export interface Gap {
  /** The cursor that the feed asked to go on from. */
  readonly after: string;
  /** The oldest event that the server still has, "" when it has none. */
  readonly earliest: string;
  readonly reason: GapReason;
}

/**
 * Why the state is needed.
 * - `start`: the feed starts without a cursor
 * - a GapReason: events are missing
 * - `overflow`: more events came while the last call was under way than are held
 * - `request`: the page called `reloadSnapshot()`
 */
export type SnapshotReason = GapReason | "start" | "overflow" | "request";

/** What a snapshot function resolves with: a state, and the position that belongs to it. */
export interface SnapshotState<S = any> {
  /**
   * The position up to which `data` includes the events of the feed, as the server gives it: feed.Position in Go,
   * wakesocket.position() in PostgreSQL. Where it is read in one transaction with the state it is exact; else it must be
   * read before the state, and events must then be such that to apply one twice does no harm.
   */
  readonly at: string;
  readonly data: S;
}

/**
 * Loads the state of what the page shows. `signal` is aborted when the result is of no
 * more use. A call that takes longer than 10 s has failed; each further one may take twice as
 * long, up to 60 s. Waits between calls double from 1 s to 30 s, with jitter.
 */
export type SnapshotFunction<S = any> = (call: {
  readonly reason: SnapshotReason;
  readonly signal: AbortSignal;
}) => SnapshotState<S> | Promise<SnapshotState<S>>;

/** A snapshot that the page is given: its events come next. */
export interface Snapshot<S = any> extends SnapshotState<S> {
  readonly reason: SnapshotReason;
}

/** What the server did not accept, as its error frames say. */
export type ServerErrorCode = "message-too-large" | "message-rate" | "too-many-topics" | "message-invalid" | "topic-forbidden" | "log-unavailable";

/**
 * - `frame-malformed`, `frame-binary`, `frame-not-an-event`, `id-invalid`, `time-invalid`: what the server sent cannot be used
 * - `url-failed`: the url function threw; `address-refused`: the browser refuses the address
 * - `persist-failed`: the cursor is not kept over a reload
 * - `options-invalid`: the session does not accept an option
 * - `snapshot-failed`: the snapshot function failed, took too long or gave a position that the feed does not know; it is called again
 * - `share-failed`: the option share was of no use, and this tab has a connection of its own
 * - `engine-failed`: client.wasm cannot be loaded, or broke
 * - `too-many-messages`, `messages-lost`: messages of `send` were not sent
 * - `unsupported`: this is no browser, or it lacks something
 * - `failed`, `closed`: why `ready` rejects
 * - `server`: an error frame with a code that is none of ServerErrorCode
 */
export type ErrorCode =
  | ServerErrorCode
  | FrameErrorCode
  | SetupErrorCode
  | "too-many-messages"
  | "messages-lost"
  | "unsupported"
  | "failed"
  | "closed"
  | "server";
export type FrameErrorCode = "frame-malformed" | "frame-binary" | "frame-not-an-event" | "id-invalid" | "time-invalid";
export type SetupErrorCode = "url-failed" | "address-refused" | "persist-failed" | "options-invalid" | "snapshot-failed" | "share-failed" | "engine-failed";

/** What goes wrong without ending the feed. `message` says what to do. */
export declare class WakesocketError extends Error {
  readonly name: "WakesocketError";
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string, options?: { cause?: unknown });
}

/** What is known of one topic, or of a feed as a whole. A frozen copy of this moment. */
export interface TopicStatus {
  /**
   * Whether the newest data may be out of date: the feed is not live or does not follow the topic, events wait for the
   * page's callbacks (`state.lag`), or the topic (of a pattern or a feed: any) has been silent for longer than `staleAfter`.
   */
  readonly stale: boolean;
  /** When the newest event arrived, in epoch milliseconds; null before the first. */
  readonly lastEventAt: number | null;
  /**
   * How old the newest event is, in milliseconds; null before the first. It counts from the publishing where events
   * tell their time (a wakesocket server's do, see `timeField` for others), else from the arrival, whatever clocks are set to.
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

/** Topics of which the page gets the newest event: one of each topic in `every` ms, from 10 to 3,600,000, at most. Defaults to 250. */
export interface LatestTopics {
  /** A topic or a pattern. The most specific name in the list decides. */
  match: string;
  latest: true;
  every?: number | undefined;
}

/** Durations are milliseconds. An option that is undefined has its default. */
export interface Options<S = any> {
  /** topics are those whose events the feed sends. Defaults to all. */
  topics?: readonly (string | LatestTopics)[] | undefined;
  /** after is the id to go on from: that of the snapshot that the page was rendered with. Defaults to "", the present. */
  after?: string | undefined;
  /** persist is the sessionStorage key under which the cursor survives a reload; a saved cursor goes before `after`. Defaults to none. */
  persist?: string | undefined;
  /** client names this client in the server's drop log. Defaults to a random id of the tab. */
  client?: string | undefined;
  /**
   * staleAfter is how old the newest event of a topic may be before the topic counts as stale: a number for every topic
   * that speaks, or an object with a number for each topic, where "price.*" stands for all topics that begin with
   * "price." and "*" for all others. 0 is no limit. A topic that is named here, or in `topics`, must speak within its
   * limit even if it never did. The server can declare limits, too; the more specific one counts, and the page's where
   * both name the same. Defaults to the limits of the server, if any.
   */
  staleAfter?: number | Readonly<Record<string, number>> | undefined;
  /**
   * timeField is the field of an event that says when it was published, with dots
   * into nested objects ("data.time"): epoch milliseconds or an ISO 8601 string.
   * Defaults to "time" with servers that tell their own time in the hello, else to none.
   */
  timeField?: string | undefined;
  /**
   * snapshot loads the state: at the start, unless there is a cursor (`after`, `persist`), after each gap, and again
   * when it failed. The page gets the snapshot, and then exactly the events after it; until then the feed is not live.
   * Events that arrive meanwhile are held, up to 10,000 or 4 MB. The server must be able to resume. Defaults to none.
   */
  snapshot?: SnapshotFunction<S> | undefined;
  /** onSnapshot is called with each snapshot, before the events after it. Defaults to none. */
  onSnapshot?: ((snapshot: Snapshot<S>) => void) | undefined;
  /** onState is called with each new state. Defaults to none. */
  onState?: ((state: State) => void) | undefined;
  /** onGap is called when events are missing for good. Defaults to none. */
  onGap?: ((gap: Gap) => void) | undefined;
  /**
   * onError is called with what goes wrong. Defaults to the console, which gets the
   * first error of each code unless there is a listener of "error".
   */
  onError?: ((error: WakesocketError) => void) | undefined;
  /** wasmURL is where client.wasm is. Defaults to beside the module of wakesocket. */
  wasmURL?: string | URL | undefined;
  /**
   * share lets all tabs of the origin that ask for the same feed use one connection, in a SharedWorker. The same feed is
   * the same address, tuning, wasmURL and client. Tabs that share have the same rights: where tabs of different users
   * can be open at once, give a name instead of true, such as the user's id; then only tabs of that name share. With a
   * url function a name is required, and the query of its address is not compared. Where there is no SharedWorker, or it
   * does not start, the tab connects for itself; see `unshared` of the state. Defaults to false.
   */
  share?: boolean | string | undefined;
  /** workerURL is where shared-worker.js is, on the page's own origin; for `share` only. Defaults to beside the module of wakesocket. */
  workerURL?: string | URL | undefined;
  /** heartbeat is the time between pings; 0 sends none, and then silence goes unnoticed. Defaults to 25000. */
  heartbeat?: number | undefined;
  /** heartbeatTimeout is how long an unanswered ping may last until it ends the connection. Defaults to 10000. */
  heartbeatTimeout?: number | undefined;
  /** visibleHeartbeat is the quiet time before a ping while the page is visible. Defaults to 5000. */
  visibleHeartbeat?: number | undefined;
  /** challengeAfter is how long an unanswered ping may last until a second socket is dialed beside the first. Defaults to 2000. */
  challengeAfter?: number | undefined;
  /** minReconnectDelay bounds the first wait from above; each failure doubles it. Defaults to 1000. */
  minReconnectDelay?: number | undefined;
  /** maxReconnectDelay bounds every wait from above. Defaults to 30000. */
  maxReconnectDelay?: number | undefined;
  /** minUptime is the proven life after which failures are forgotten. Defaults to 5000. */
  minUptime?: number | undefined;
  /** connectTimeout is the time for a connection to open; it doubles, to 20000, while dials keep hanging. Defaults to 5000. */
  connectTimeout?: number | undefined;
  /** firstRetryWindow is the time over which the first retry is spread when the server names none. Defaults to 1000. */
  firstRetryWindow?: number | undefined;
  /** consecutiveIds says that the ids of a plain server count up by one, so that a jump is a gap with the reason "skipped". Defaults to false. */
  consecutiveIds?: boolean | undefined;
}

/** What a url function is called with. */
export interface URLContext {
  /** The server refused the last address: a new token is needed. */
  fresh: boolean;
  /** Failed dials in a row. */
  attempt: number;
}

/** Relative to the page; http becomes ws, https becomes wss. A function is asked before each dial; when it throws, the dial has failed. */
export type FeedURL = string | URL | ((ctx: URLContext) => string | URL | Promise<string | URL>);

export interface FeedEvents<S = any> {
  state: CustomEvent<State>;
  gap: CustomEvent<Gap>;
  error: CustomEvent<WakesocketError>;
  /** A state that replaces all that the page had; see the option `snapshot`. */
  snapshot: CustomEvent<Snapshot<S>>;
  /** A topic has been silent for longer than its limit. */
  stale: CustomEvent<TopicChange>;
  /** A topic that was stale has news again. */
  fresh: CustomEvent<TopicChange>;
}

/**
 * A connection that mends itself. T names the topics and the type of their data; with the default, any, every topic and
 * every field is accepted. S is the type of the data of its snapshots.
 */
export interface Feed<T = any, S = any> extends EventTarget {
  /** As it is now; a new frozen object whenever something changed. */
  readonly state: State;
  /** Resolves when first live; rejects when failed or closed before. */
  readonly ready: Promise<void>;
  /** Id of the last event that was delivered, or the position that the server reported. */
  readonly cursor: string;
  /** What is known of a topic or a pattern; without a name, of the feed. A topic that is asked for is expected to speak. */
  topic(name?: TopicName<T>): TopicStatus;
  /** The topics that have been silent for longer than `staleAfter`; "" stands for events without a topic. */
  readonly staleTopics: readonly string[];
  /** Calls back for every event from now on; returns how to stop that. */
  subscribe(callback: (event: EventOf<T>) => void): () => void;
  /** Calls back for the events of one topic, or of those that begin with "price." for "price.*". */
  subscribe<Topic extends TopicName<T>>(topic: Topic, callback: (event: EventOf<T, Topic>) => void): () => void;
  /** Sends JSON; false when not live, and then nothing is queued. Throws what JSON.stringify throws. */
  send(message: unknown): boolean;
  /** Replaces the topics; none means all. */
  setTopics(topics: readonly (string | LatestTopics)[]): void;
  /** Calls the snapshot function, and gives the page another snapshot. Throws a TypeError without the option `snapshot`. */
  reloadSnapshot(): void;
  /**
   * Follows more topics, and resolves with the position from which on; rejects with a WakesocketError
   * when the server refuses. It may be called at any time, and calls in a row are sent as one. On a
   * feed that follows all topics it only brings what `last` or `after` ask for.
   */
  addTopics(topics: readonly (string | LatestTopics)[], options?: AddOptions): Promise<string>;
  /** Follows some topics no longer, and resolves with the position from which on. When none is left, no events come. */
  removeTopics(topics: readonly string[]): Promise<string>;
  /** The newest events of a topic, or of those of a pattern. They go to nobody but the caller. */
  history(question: HistoryQuestion): Promise<History<T>>;
  /** Dials now; also ends stopped and failed. A connection that looks alive is tested. */
  reconnect(): void;
  /** Closes, and stays closed until reconnect(). */
  close(): void;
  addEventListener<K extends keyof FeedEvents>(type: K, listener: FeedListener<K, S> | null, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof FeedEvents>(type: K, listener: FeedListener<K, S> | null, options?: boolean | EventListenerOptions): void;
}

/** Which earlier events addTopics brings. Subscribers get them before the promise resolves, with `history: true`. */
export interface AddOptions {
  /** The newest events of each of the topics. Defaults to none. */
  last?: number | undefined;
  /** All events after this position; what is missing of them is a gap. Defaults to none. */
  after?: string | undefined;
}

/** What `history` is asked. */
export interface HistoryQuestion {
  /** A topic, or a pattern such as "price.*". */
  topic: string;
  /** At most so many events. Defaults to 100; a server may send fewer. */
  limit?: number | undefined;
  /** Only events before this one: the id of the oldest that the page has. Defaults to all. */
  before?: string | undefined;
}

/** The answer of `history`. */
export interface History<T = any> {
  /** Oldest first. */
  readonly events: readonly EventOf<T>[];
  /** `events` are all that the topic has after this position. */
  readonly from: string;
  /** The log has none before. */
  readonly complete: boolean;
}

/** What hears an event of a feed. */
export type FeedListener<K extends keyof FeedEvents, S = any> = ((event: FeedEvents<S>[K]) => void) | { handleEvent(event: FeedEvents<S>[K]): void };

/**
 * Connects to a feed and returns at once. Throws a TypeError when the url or an
 * option is of the wrong type.
 *
 * `connect<{ cpu: { load: number } }>(url)` names the topics and types their data. A
 * second type is that of the data of snapshots.
 */
export declare function connect<T = any, S = any>(url: FeedURL, options?: Options<S>): Feed<T, S>;
