// @ts-check
import { Queue } from "./queue.js";
import { Additions } from "./shared-additions.js";
import { gapEntry } from "./shared-entry.js";
import { sizeOf } from "./shared-ring.js";
import { all, wantedTopics, wants } from "./shared-topics.js";
import { Window } from "./shared-window.js";
import { ShownState, isConnected } from "./shown-state.js";

/** @typedef {import("./shared-protocol.js").FromWorker} FromWorker */
/** @typedef {import("./shared-protocol.js").Join} Join */
/** @typedef {import("./shared-ring.js").Entry} Entry */
/** @typedef {import("./boundary.js").Status} Status */

/** How much one batch holds, in characters of JSON. */
const batchSize = 64 * 1024;
/** How much of a catch-up waits for its tab, in bytes. */
const queueMost = 1024 * 1024;
/** After how many events of other topics a tab is told that its cursor has moved. */
const skippedMost = 256;

/**
 * What a tab needs of its feed.
 * @typedef {object} Source
 * @property {import("./shared-ring.js").Ring} ring
 * @property {Status} status
 * @property {string} cursor after the newest entry of the ring
 * @property {(position: string, names: ReadonlySet<string>) => number | undefined} nextAfter the entry of the ring that comes
 *   next after the position, when from there on the ring has all events of the topics
 * @property {(names: ReadonlySet<string>) => number} from the entry from which on that is so, Infinity while that is not known
 * @property {(taker: import("./shared-catchup.js").Taker, after: string, names: ReadonlySet<string>) => import("./shared-catchup.js").CatchUp} catchUp
 */

/**
 * One tab of a shared feed: a place in the ring, not a queue. A tab that has fallen
 * off the ring, or comes with an older cursor, catches up over a connection of its
 * own. A tab that does not acknowledge gets nothing more, and holds nobody back.
 */
export class Member {
  visible;
  /** The topics that count for it. */
  names;
  /** @readonly */
  additions = new Additions();
  #send;
  #source;
  #next;
  /** Up to where the tab was sent, or will be from the queue. */
  #position;
  /** It has a place from which on it gets every event of its topics. Before, it gets none, and no position. */
  #begun = false;
  /** What comes next for the tab is not in the ring. */
  #lost = false;
  /** @type {import("./shared-catchup.js").CatchUp | undefined} */
  #catchUp;
  #catchUpLive = false;
  #wasLive = false;
  /** @type {Queue<Entry>} what comes before the ring goes on */
  #queue = new Queue();
  #queued = 0;
  #window = new Window();
  #skipped = 0;
  #pumping = false;
  /** @type {(() => void)[]} to be called when the tab was sent all there is */
  #calls = [];
  #shown = new ShownState(
    (status) => {
      this.#wasLive ||= status.name === "live";
      this.#send({ type: "status", status });
    },
    (call) => {
      if (this.#current && !this.#pumping) call();
      else this.#calls.push(call);
    },
  );

  /**
   * @param {(message: FromWorker) => void} send
   * @param {Join} join
   * @param {Source} source
   */
  constructor(send, { topics, addressTopics, after, visible }, source) {
    this.#send = send;
    this.#source = source;
    this.visible = visible;
    this.names = wantedTopics(topics, addressTopics);
    this.#next = source.ring.end;
    this.#position = after || source.cursor;
    if (after) this.#begun = this.#lost = true;
    else this.#begin();
  }

  /** Whether the server is not known to follow all topics of a tab that came without a cursor. */
  get waits() {
    return !this.#begun;
  }

  /** @param {number} ask @param {import("./shim.d.ts").URLContext} context */
  ask(ask, { fresh, attempt }) {
    this.#send({ type: "ask", ask, fresh, attempt });
  }

  /** @param {Status} status of the shared connection */
  status(status) {
    if (!isConnected(status)) this.#endCatchUp(); // one backoff for all: it begins anew with the connection
    const early = !this.#begun && (isConnected(status) || status.name === "reconnecting");
    if (!this.#catchUp) this.#shown.set(early ? { ...status, name: "connecting" } : status);
    this.pump();
  }

  /** The server does not say when it follows new topics: a tab that waits for that catches up with them. */
  catchUp() {
    if (this.#begun) return;
    const position = this.#position || this.#source.cursor;
    this.#lost = position !== "";
    this.#beginAt(position);
  }

  /** The topics that it wants, with those that do not count yet. */
  get wanted() {
    return new Set([...this.names, ...this.additions.names]);
  }

  /** @param {readonly string[]} names that take the place of all others */
  setTopics(names) {
    this.additions.drop(() => true);
    this.#follow(new Set(names));
  }

  /**
   * @param {number} request
   * @param {string} at
   */
  followed(request, at) {
    this.additions.followed(request, at, this.#source.ring.end);
    if (this.#lost) this.#add(Infinity);
  }

  /**
   * @param {number} request
   * @param {readonly string[]} names
   */
  removeTopics(request, names) {
    const gone = (/** @type {string} */ name) => names.includes(name);
    this.additions.drop(gone);
    if (!this.names.has(all)) this.#follow(new Set([...this.names].filter((name) => !gone(name))));
    this.#send({ type: "answer", request, answer: { at: this.#position } });
  }

  /** @param {number} batch */
  acknowledge(batch) {
    this.#window.acknowledge(batch);
    this.pump();
  }

  /**
   * Sends what the tab would not miss, unless it is busy.
   * @param {FromWorker} message
   */
  mention(message) {
    if (!this.#window.full) this.#send(message);
  }

  /** @param {"wake" | "network"} kind */
  wake(kind) {
    this.#catchUp?.wake(kind);
  }

  leave() {
    this.#endCatchUp();
  }

  /** Sends as much as the tab can take. */
  pump() {
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#window.full && this.#sendRun());
    this.#pumping = false;
    if (this.#current) for (const call of this.#calls.splice(0)) call();
  }

  /** Whether the tab was sent all there is. */
  get #current() {
    if (this.#queue.length > 0) return false;
    return this.#lost ? this.#catchUpLive : this.#next === this.#source.ring.end && !this.additions.waiting;
  }

  /**
   * Sends the next events up to the size of a batch.
   * @returns {boolean} whether there was something
   */
  #sendRun() {
    /** @type {Entry[]} */
    const run = [];
    let moved = "";
    let any = false;
    for (let size = 0, entry; size < batchSize && (entry = this.#take()); ) {
      any = true;
      this.#position = entry.position || this.#position;
      if (entry.message) {
        this.#sendEvents(run.splice(0));
        this.#send(entry.message);
      } else if (entry.text && (entry.earlier || wants(this.names, entry.topic))) {
        run.push(entry);
        size += entry.text.length;
        this.#skipped = 0;
        moved = "";
      } else if (entry.text === "" || ++this.#skipped >= skippedMost) {
        this.#skipped = 0;
        moved = this.#position;
      }
    }
    this.#sendEvents(run);
    if (moved) this.#send({ type: "moved", cursor: moved });
    return any;
  }

  /** @returns {Entry | undefined} what comes next */
  #take() {
    const { ring } = this.#source;
    if (!this.#begun) this.#begin();
    if (this.#queue.length === 0) {
      if (!this.#lost && this.#next < ring.first) this.#fellOff();
      if (this.#lost) this.#recover();
      if (!this.#lost) this.#add(this.#next);
    }
    const queued = this.#queue.shift();
    if (queued) {
      this.#queued -= sizeOf(queued);
      return queued;
    }
    if (this.#lost || this.#next === ring.end) return undefined;
    return ring.at(this.#next++);
  }

  /** @param {Entry[]} run */
  #sendEvents(run) {
    if (run.length === 0) return;
    const events = `[${run.map(({ text }) => text).join(",")}]`;
    const waiting = this.#queue.length + (this.#lost ? 0 : this.#source.ring.end - this.#next);
    const batch = this.#window.send(events.length);
    this.#send({ type: "batch", batch, events, ids: run.map(({ id }) => id), times: run.map(({ time }) => time), waiting });
  }

  /** Begins at the end of the ring, if that has all events of its topics from there on. */
  #begin() {
    const { ring, cursor } = this.#source;
    this.#next = ring.end;
    if (this.#source.from(this.names) <= ring.end) this.#beginAt(cursor);
  }

  /** @param {string} position */
  #beginAt(position) {
    this.#begun = true;
    this.#position = position;
    if (position) this.#send({ type: "moved", cursor: position });
    if (isConnected(this.#source.status)) this.#shown.set(this.#source.status);
  }

  /** The tab was too slow for the ring. */
  #fellOff() {
    this.#lost = true; // from here on it catches up with all of its topics
    this.#add(Infinity);
    this.#show({ ...this.#source.status, name: "reconnecting", cause: "slow", retryAt: null });
  }

  /** @param {Status} status of a tab that does not have all there is */
  #show(status) {
    this.#shown.set(status.name === "connecting" && this.#wasLive ? { ...status, name: "reconnecting" } : status);
  }

  /** Finds the tab's place in the ring, or connects for it. */
  #recover() {
    if (this.#found(this.#position)) return this.#endCatchUp();
    if (this.#catchUp) return;
    if (this.names.size === 0) return this.#goOnAt(this.#source.ring.end);
    if (this.#source.status.name !== "live") return;
    if (this.#position === "") {
      // Without ids nothing can be had again.
      this.#enqueue(gapEntry({ after: "", earliest: "", reason: "trimmed" }));
      this.#goOnAt(this.#source.ring.first);
      return;
    }
    this.#catchUp = this.#source.catchUp(
      {
        take: (entry) => this.#took(entry),
        paused: () => this.pump(),
        status: (status) => {
          this.#catchUpLive = status.name === "live";
          this.#show(status);
          this.pump();
        },
        error: ({ code, message }) => this.#send({ type: "error", code, message }),
      },
      this.#position,
      this.names,
    );
    this.#catchUp.start();
  }

  /**
   * @param {Entry} entry of the catch-up
   * @returns {boolean} whether more is wanted
   */
  #took(entry) {
    this.#enqueue(entry);
    // Enough: the tab is back at the ring, or goes on from here when it has taken what waits.
    if (!(entry.position && this.#found(entry.position)) && this.#queued <= queueMost) return true;
    this.#catchUp = undefined;
    this.#catchUpLive = false;
    this.pump();
    return false;
  }

  /**
   * @param {string} position
   * @returns {boolean} whether the tab goes on in the ring from there
   */
  #found(position) {
    const next = this.#source.nextAfter(position, this.names);
    if (next === undefined) return false;
    this.#goOnAt(next);
    return true;
  }

  /** @param {number} next */
  #goOnAt(next) {
    this.#lost = false;
    this.#next = next;
    this.#shown.set(this.#source.status);
  }

  /**
   * Topics that were added count from now on.
   * @param {number} number of the entry that comes next
   */
  #add(number) {
    for (let addition; (addition = this.additions.take(number)); ) {
      const { names, entries } = addition;
      if (names.size > 0 && !this.names.has(all)) this.#follow(new Set([...this.names, ...names]));
      for (const entry of entries) this.#enqueue(entry);
    }
  }

  /** @param {ReadonlySet<string>} names */
  #follow(names) {
    this.names = names;
    this.#endCatchUp(); // the next one asks for the new topics
  }

  /** @param {Entry} entry */
  #enqueue(entry) {
    this.#queue.push(entry);
    this.#queued += sizeOf(entry);
  }

  #endCatchUp() {
    this.#catchUp?.end();
    this.#catchUp = undefined;
    this.#catchUpLive = false;
  }
}
