// @ts-check
import { clientID } from "./client-id.js";
import { Conflation } from "./conflation.js";
import { Driver } from "./driver.js";
import { engineLoader } from "./engine.js";
import { eventDelivered } from "./engine-start.js";
import { environment } from "./environment.js";
import { WakesocketError } from "./error.js";
import { dialFirst } from "./first-dial.js";
import { Freshness } from "./freshness.js";
import { Latest } from "./latest.js";
import { checkAddOptions, checkHistory, checkOptions, checkTopics, rulesOf, tuningOf } from "./options.js";
import { registry } from "./registry.js";
import { SavedCursor } from "./saved-cursor.js";
import { shareDriver } from "./share.js";
import { isConnected } from "./shown-state.js";
import { Snapshots } from "./snapshots.js";
import { Subscribers } from "./subscribers.js";
import { checkName } from "./topic-set.js";
import { socketURL } from "./url.js";
import { watchPage } from "./wake.js";

/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */
/** @typedef {import("./boundary.js").Status} Status */

/**
 * The page's side of one connection: callbacks, cursor, and the signs of waking
 * up. Everything else is its Driver's.
 */
export class Feed extends EventTarget {
  /** @type {import("./boundary.js").FeedDriver} */
  #driver;
  /** @type {Snapshots<import("./share.js").SharingPage> | undefined} */
  #snapshots;
  #source;
  #base;
  #saved;
  #subscribers = new Subscribers();
  #conflation = new Conflation((event, at) => this.#deliver(event, at));
  #freshness;
  /** @type {(() => void) | undefined} */
  #unwatch;
  /** @type {Status} */
  #status = { name: "connecting", since: Date.now(), attempt: 0, retryAt: null, cause: "" };
  /** @type {number | null} */
  #lastEventAt = null;
  /** @type {number | null} */
  #rtt = null;
  #unguarded = "";
  #shared = false;
  #unshared = "";
  /** connect() has returned, so that the page can listen. */
  #returned = false;
  /** @type {import("./shim.d.ts").State | undefined} */
  #state;
  #hasErrorListener = false;
  /** @type {Set<string>} */
  #warned = new Set();
  /** @type {() => void} */
  #resolveReady = () => {};
  /** @type {(error: WakesocketError) => void} */
  #rejectReady = () => {};

  /**
   * @param {import("./shim.d.ts").FeedURL} url
   * @param {import("./shim.d.ts").Options} [options]
   */
  constructor(url, options) {
    super();
    const checked = checkOptions(options);
    const { base, visible, online } = environment();
    this.#base = base;
    this.#source = typeof url === "function" ? url : socketURL(url, this.#base);
    const topics = checked.topics && checkTopics(checked.topics);
    const wasm = new URL(checked.wasmURL ?? new URL("client.wasm", import.meta.url), this.#base).href;
    const { share, client = "", workerURL } = checked;
    const asks = typeof url === "function";
    const id = client || clientID();
    const dialed = dialFirst(this.#source, checked, id, online);
    this.#saved = new SavedCursor(checked.persist, (error) => this.#error(error));
    /** @type {Promise<void>} */
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    // Who does not ask for it must not be told of it as unhandled.
    this.ready.catch(() => {});
    this.#conflation.set(rulesOf(checked.topics ?? []));
    this.#freshness = new Freshness(
      { ...checked, topics },
      {
        changed: (type, change) => this.#dispatch(type, change),
        lag: () => this.#lag,
        error: (error) => this.#error(error),
      },
    );
    const { onState, onGap, onError, onSnapshot } = checked;
    if (onState) this.addEventListener("state", (event) => onState(detail(event)));
    if (onGap) this.addEventListener("gap", (event) => onGap(detail(event)));
    if (onError) this.addEventListener("error", (event) => onError(detail(event)));
    if (onSnapshot) this.addEventListener("snapshot", (event) => onSnapshot(detail(event)));
    /** @type {import("./share.js").SharingPage} */
    const page = {
      url: (ctx) => (typeof this.#source === "string" ? this.#source : this.#ask(this.#source, ctx)),
      status: (status) => this.#tell(status),
      unguarded: (reason) => {
        this.#unguarded = reason;
        this.#changed();
      },
      deliver: (event, at) => this.#conflation.event(event, at),
      paused: () => this.#saved.write(this.cursor, latest.wanted ? latest.saved : ""),
      lagChanged: () => this.#changed(),
      gap: (gap) => {
        this.#conflation.flush(); // what came before
        this.#dispatch("gap", Object.freeze(gap));
      },
      rtt: (ms) => {
        this.#rtt = ms;
        this.#state = undefined;
        this.#freshness.roundTrip(ms);
      },
      control: (frame) => this.#freshness.control(frame),
      error: (error) => this.#error(error),
      shared: (reason) => {
        this.#shared = reason === undefined;
        this.#unshared = reason ?? "";
        this.#changed();
      },
    };
    const saved = this.#saved.read();
    const latest = new Latest(this.#conflation.rules, saved.since);
    /** @type {import("./boundary.js").Settings} */
    const settings = {
      latest: checked.snapshot && share ? undefined : latest, // the tabs have snapshots of other positions
      loader: engineLoader(wasm),
      client: id,
      tuning: tuningOf(checked),
      topics,
      visible,
      online,
      after: saved.cursor || (checked.after ?? ""),
    };
    if (checked.snapshot) {
      const feed = {
        cursor: () => this.#driver.cursor,
        resume: (/** @type {string} */ at) => this.#driver.resume(at),
        wake: () => this.#driver.wake("wake"),
        give: (/** @type {import("./shim.d.ts").Snapshot} */ snapshot) => {
          this.#conflation.flush();
          this.#dispatch("snapshot", snapshot);
        },
      };
      this.#snapshots = new Snapshots(checked.snapshot, page, feed, settings.after, settings.latest);
      if (this.#snapshots.pending) this.#status.snapshot = "loading";
    }
    const told = this.#snapshots?.page ?? page;
    this.#driver = share
      ? shareDriver(told, settings, { share, asks, client, wasm, workerURL }, (driver) => (this.#driver = driver))
      : new Driver(told, settings);
    this.#driver.start(); // before the rest: the network works meanwhile
    dialed();
    registry().add(this);
    this.#open();
    this.#snapshots?.start();
    queueMicrotask(() => (this.#returned = true));
  }

  get state() {
    const lag = this.#lag;
    if (this.#state?.lag !== lag) this.#state = undefined;
    const { name, since, attempt, retryAt, cause, snapshot = "" } = this.#status;
    return (this.#state ??= Object.freeze({
      name,
      since,
      attempt,
      retryAt,
      cause,
      lastEventAt: this.#lastEventAt,
      rtt: this.#rtt,
      lag,
      snapshot,
      unguarded: this.#unguarded,
      shared: this.#shared,
      unshared: this.#unshared,
    }));
  }

  get cursor() {
    return (this.#snapshots ?? this.#driver).cursor;
  }

  get #lag() {
    return this.#driver.lag + (this.#snapshots?.lag ?? 0);
  }

  /** @param {string} [name] */
  topic(name) {
    if (name !== undefined && typeof name !== "string") throw new TypeError("topic takes the name of a topic, or nothing for the whole feed");
    return this.#freshness.topic(name);
  }

  get staleTopics() {
    return this.#freshness.staleTopics();
  }

  /**
   * @param {string | ((event: FeedEvent) => void)} topic
   * @param {(event: FeedEvent) => void} [callback]
   */
  subscribe(topic, callback) {
    if (typeof topic === "function") return this.#subscribers.add(undefined, topic);
    if (typeof topic !== "string" || typeof callback !== "function") {
      throw new TypeError("subscribe takes a function, or a topic and a function");
    }
    checkName(topic);
    return this.#subscribers.add(topic, callback);
  }

  /** @param {unknown} message */
  send(message) {
    const text = JSON.stringify(message);
    if (text === undefined) throw new TypeError(`send: a ${typeof message} cannot be written as JSON`);
    return this.#status.name === "live" && this.#driver.send(text);
  }

  /** @param {readonly (string | import("./shim.d.ts").LatestTopics)[]} topics */
  setTopics(topics) {
    const checked = checkTopics(topics);
    this.#conflation.set(rulesOf(topics));
    this.#freshness.filter(checked);
    this.#driver.topics(checked);
  }

  reloadSnapshot() {
    if (!this.#snapshots) throw new TypeError("reloadSnapshot: this feed has no snapshot; give connect() the option snapshot");
    this.#snapshots.request();
  }

  /** @param {readonly (string | import("./shim.d.ts").LatestTopics)[]} topics @param {import("./shim.d.ts").AddOptions} [options] */
  addTopics(topics, options) {
    const checked = checkTopics(topics);
    const added = this.#driver.addTopics(checked, checkAddOptions(options));
    this.#conflation.add(rulesOf(topics));
    this.#freshness.add(checked);
    return this.#asked(added);
  }

  /** @param {readonly string[]} topics */
  removeTopics(topics) {
    const checked = checkTopics(topics);
    const removed = this.#driver.removeTopics(checked);
    this.#conflation.remove(checked);
    this.#freshness.remove(checked);
    return this.#asked(removed);
  }

  /** @param {import("./shim.d.ts").HistoryQuestion} question */
  history(question) {
    return this.#driver.history(checkHistory(question));
  }

  /**
   * A page that does not wait for the promise hears of the error as of any other.
   * @param {Promise<string>} answer
   */
  #asked(answer) {
    answer.catch((error) => {
      if (error.code !== "closed" && error.code !== "failed") this.#error(error);
    });
    return answer;
  }

  reconnect() {
    this.#open();
    this.#driver.reconnect();
    this.#snapshots?.start();
    this.#snapshots?.hurry();
  }

  close() {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#conflation.flush(); // the cursor is after what waits
    this.#driver.stop();
  }

  /**
   * @param {string} type
   * @param {EventListenerOrEventListenerObject | null} listener
   * @param {boolean | AddEventListenerOptions} [options]
   * @override
   */
  addEventListener(type, listener, options) {
    if (type === "error") this.#hasErrorListener = true;
    super.addEventListener(type, listener, options);
  }

  #open() {
    this.#unwatch ??= watchPage({
      wake: (cause) => {
        this.#driver.wake(cause);
        this.#snapshots?.hurry();
      },
      visible: (on) => this.#driver.visible(on),
      online: (on) => {
        this.#driver.online(on);
        if (on) this.#snapshots?.hurry();
      },
      leave: (kept) => this.#leave(kept),
    });
  }

  /** @param {Extract<import("./shim.d.ts").FeedURL, Function>} url @param {import("./shim.d.ts").URLContext} ctx */
  async #ask(url, ctx) {
    return socketURL(await url(ctx), this.#base);
  }

  /**
   * Leaves in order, so that it does not look like a drop. That goes for a page
   * that is kept, too: the browser would hold its socket open, unread, for
   * minutes, and close it all the same when the page comes back.
   * @param {boolean} kept
   */
  #leave(kept) {
    this.#conflation.flush();
    if (kept) this.#driver.away();
    else this.close();
  }

  /** @param {Status} status */
  #tell(status) {
    const old = this.#status;
    this.#status = status;
    this.#state = undefined;
    const { name, cause } = status;
    if (old.name === "stopped" && name !== "stopped") registry().add(this);
    this.#conflation.live(isConnected(status));
    this.#freshness.state(name, status.generation);
    if (name === "live") this.#resolveReady();
    if (name === "failed") this.#rejectReady(new WakesocketError("failed", cause));
    if (name === "stopped") this.#rejectReady(new WakesocketError("closed", "the feed was closed before it was live"));
    // Both the driver and the session begin with "connecting"; the page hears it once.
    if (
      name === old.name &&
      cause === old.cause &&
      status.attempt === old.attempt &&
      status.retryAt === old.retryAt &&
      (status.snapshot ?? "") === (old.snapshot ?? "")
    )
      return;
    this.#changed();
  }

  #changed() {
    this.#state = undefined;
    this.#dispatch("state", this.state);
  }

  /**
   * @param {FeedEvent} event
   * @param {number} at when it had arrived, on performance.now()
   */
  #deliver(event, at) {
    this.#lastEventAt = Math.round(Date.now() - (performance.now() - at));
    this.#state = undefined;
    try {
      this.#freshness.event(event, at);
    } finally {
      this.#subscribers.call(event);
      eventDelivered();
    }
  }

  /** @param {WakesocketError} error */
  #error(error) {
    if (!this.#returned) {
      queueMicrotask(() => this.#error(error));
      return;
    }
    if (!this.#hasErrorListener && !this.#warned.has(error.code)) {
      this.#warned.add(error.code);
      console.warn(error);
    }
    this.#dispatch("error", error);
  }

  /**
   * @param {string} type
   * @param {unknown} detail
   */
  #dispatch(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** @param {Event} event */
function detail(event) {
  return /** @type {CustomEvent} */ (event).detail;
}
