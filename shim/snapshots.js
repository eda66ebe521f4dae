// @ts-check
import { Delivery } from "./delivery.js";
import { WakesocketError, messageOf } from "./error.js";
import { isNewest } from "./latest.js";
import { ShownState, isConnected } from "./shown-state.js";
import { schedule } from "./slices.js";
import { SnapshotStream } from "./snapshot.js";
import { Timer } from "./timer.js";

/** @typedef {import("./boundary.js").Status} Status */

/**
 * What the snapshots of a feed need of it, beside what a driver needs.
 * @typedef {object} Feed
 * @property {() => string} cursor of the driver
 * @property {(at: string) => void} resume
 * @property {() => void} wake
 * @property {(snapshot: import("./shim.d.ts").Snapshot) => void} give
 */

/**
 * Stands between a driver and the page of a feed that begins with a snapshot. It
 * has the clock, the promises and the queue that SnapshotStream does without, and
 * shows the feed as live only when the page has a snapshot and all events after it.
 * @template {import("./boundary.js").Page} P
 */
export class Snapshots {
  /** Up to where the page was given the state. */
  cursor;
  #ask;
  #page;
  #feed;
  #stream;
  /** The driver's cursor at the last look. */
  #position;
  /** @type {AbortController | undefined} */
  #call;
  #timer = new Timer(() => this.#stream.tick());
  /** Events that were held, and what came after them. */
  #delivery = new Delivery(
    {
      deliver: (item, id) => this.#deliver(/** @type {any} */ (item), id),
      paused: () => this.#page.paused(),
      lagChanged: () => this.#page.lagChanged(),
    },
    () => schedule(this.#slice),
  );
  #shown;
  /** @type {Status} of the connection */
  #status = { name: "connecting", since: Date.now(), attempt: 0, retryAt: null, cause: "" };
  #wasLive = false;
  /** When the state of the connection began to count no more, in epoch ms. */
  #since = Date.now();

  /**
   * @param {import("./shim.d.ts").SnapshotFunction} ask
   * @param {P} page
   * @param {Feed} feed
   * @param {string} after
   * @param {import("./latest.js").Latest} [latest] undefined: the server sends every event
   */
  constructor(ask, page, feed, after, latest) {
    this.#ask = ask;
    this.#page = page;
    this.#feed = feed;
    this.cursor = this.#position = after;
    this.#shown = new ShownState(
      (status) => {
        this.#wasLive ||= status.name === "live";
        page.status(status);
      },
      (call) => this.#delivery.then(call),
    );
    this.#stream = new SnapshotStream(
      {
        load: (call) => void this.#load(call),
        abort: () => this.#abort(),
        ask: () => feed.wake(),
        resume: (at) => {
          this.#position = at;
          latest?.restart(at);
          feed.resume(at);
        },
        give: ({ at, data, reason }) =>
          this.#delivery.then(() => {
            this.#moveTo(at);
            latest?.given(at);
            feed.give(Object.freeze({ at, data, reason }));
            page.paused();
          }),
        replay: (items) => this.#queue(items),
        deliver: (item) => {
          if (this.#delivery.waiting) this.#queue([item]);
          else this.#deliver(item, item.id);
        },
        failed: ({ message, cause, attempt, wait }) =>
          page.error(new WakesocketError("snapshot-failed", `snapshot failed (attempt ${attempt}): ${message}. It is called again in ${wait} ms`, { cause })),
        changed: () => this.#show(),
        timer: (due) => this.#timer.set(due),
      },
      after,
      () => performance.now(),
      Math.random,
      undefined,
      () => latest?.chosen === true,
    );
    if (latest) {
      latest.wants = () => !this.#stream.passesOver;
      latest.then = (call) => this.#delivery.then(() => this.#stream.pending || call());
    }
  }

  get pending() {
    return this.#stream.pending;
  }

  /** How many events have waited for long to be delivered. */
  get lag() {
    return this.#delivery.lag;
  }

  /**
   * What the driver tells goes through here.
   * @returns {P}
   */
  get page() {
    const page = this.#page;
    return {
      ...page,
      status: (status) => this.#told(status),
      deliver: (event, at) => {
        if (isNewest(event)) return this.#stream.newest({ event, id: "", at });
        const position = this.#feed.cursor();
        const id = position === this.#position ? "" : position;
        this.#position = position;
        this.#stream.event({ event, id, at });
      },
      paused: () => {
        this.#moved();
        page.paused();
      },
      gap: (gap) => {
        this.#moved();
        if (this.#stream.gap(gap)) this.#delivery.then(() => page.gap(gap));
      },
      control: (frame) => {
        if (frame.wakesocket === "hello") this.#stream.greeted();
        page.control(frame);
      },
    };
  }

  start() {
    this.#stream.start();
  }

  request() {
    this.#stream.request();
  }

  /** There may be a network again, or somebody looks. */
  hurry() {
    this.#stream.hurry();
  }

  #moved() {
    const position = this.#feed.cursor();
    if (position === this.#position) return;
    this.#position = position;
    this.#stream.moved(position);
    if (!this.#stream.pending) this.#delivery.then(() => this.#moveTo(position));
  }

  /** @param {string} position */
  #moveTo(position) {
    this.cursor = position;
  }

  /** @param {import("./snapshot.js").Item[]} items */
  #queue(items) {
    const ids = items.map(({ id }) => id);
    this.#delivery.events(items, ids, "");
  }

  /**
   * @param {import("./snapshot.js").Item} item
   * @param {string} id
   */
  #deliver({ event, at }, id) {
    if (id) this.#moveTo(id);
    this.#page.deliver(event, at);
  }

  /** @param {Status} status */
  #told(status) {
    const { name } = status;
    this.#status = status;
    if (name === "stopped" || name === "failed") {
      this.#stream.stop(this.#delivery.waiting);
      this.#delivery.clear();
    } else {
      this.#stream.status(name === "live");
    }
    this.#show();
  }

  /** Shows the state of the connection; the snapshot's, where that is not there while the connection is. */
  #show() {
    const { pending, attempt, failure, retryAt } = this.#stream;
    const { name } = this.#status;
    const connected = isConnected(this.#status);
    const ended = name === "stopped" || name === "failed";
    const snapshot = !pending || ended ? "" : failure ? "failed" : "loading";
    if (!pending || !connected) {
      if (!pending) this.#since = Date.now();
      this.#shown.set({ ...this.#status, snapshot });
      return;
    }
    this.#shown.set({
      ...this.#status,
      name: this.#wasLive ? "reconnecting" : "connecting",
      since: this.#since,
      attempt,
      retryAt: retryAt === Infinity ? null : Math.round(Date.now() + retryAt - performance.now()),
      cause: failure ? `snapshot failed: ${failure}` : "the snapshot is loading",
      snapshot,
    });
  }

  /** @param {{number: number, reason: import("./shim.d.ts").SnapshotReason}} call */
  async #load({ number, reason }) {
    this.#abort();
    const call = (this.#call = new AbortController());
    /** @type {unknown} */
    let value;
    await undefined; // connect() returns before
    if (call.signal.aborted) return;
    try {
      value = await this.#ask({ reason, signal: call.signal });
    } catch (thrown) {
      return this.#stream.failed(number, messageOf(thrown), thrown);
    }
    this.#stream.loaded(number, value);
  }

  #abort() {
    this.#call?.abort();
    this.#call = undefined;
  }

  /** @param {number} deadline on performance.now() */
  #slice = (deadline) => {
    this.#delivery.deliver(deadline);
    return this.#delivery.waiting;
  };
}
