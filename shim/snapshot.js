// @ts-check
import { relation } from "./position.js";

/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */
/** @typedef {import("./shim.d.ts").Gap} Gap */
/** @typedef {import("./shim.d.ts").SnapshotReason} Reason */
/** @typedef {{event: FeedEvent, id: string, at: number}} Item id: "" when the event has none; at: when it arrived */
/** @typedef {{at: string, data: unknown}} Loaded */

/** How long the first call may take, in ms. Each further one gets twice as long, up to the longest. */
const [firstLimit, longestLimit] = [10_000, 60_000];
/** Waits after failures, in ms: each bound is twice the one before. */
const [minDelay, maxDelay] = [1_000, 30_000];
/** Calls begin at least so far apart, in ms, whatever happens. */
const leastPause = 1_000;
/** For how long the feed may be before the snapshot's position, in ms, until the server is asked for that. */
const patience = 1_000;
/** What may be held meanwhile: events, and characters of their JSON. */
const heldMost = { events: 10_000, bytes: 4 * 1024 * 1024 };

/**
 * What a stream asks of its host. None of it may throw.
 * @typedef {object} Host
 * @property {(call: {number: number, reason: Reason}) => void} load calls the page's function; loaded() or failed() answers
 * @property {() => void} abort nobody waits for the call any more
 * @property {() => void} ask for the feed's position: the server is to answer soon
 * @property {(at: string) => void} resume the feed goes on after this position, over another connection
 * @property {(snapshot: Loaded & {reason: Reason}) => void} give
 * @property {(items: Item[]) => void} replay delivers what was held
 * @property {(item: Item) => void} deliver
 * @property {(failure: {message: string, cause?: unknown, attempt: number, wait: number}) => void} failed
 * @property {() => void} changed `pending` and its like may have changed
 * @property {(due: number) => void} timer when tick() is wanted; -1 never
 */

/**
 * A snapshot of the state, and then exactly the events after it. While a snapshot
 * is being loaded, events are held. It fits when all events after its position are
 * there. If they are not, the feed goes back to that position; a position that the
 * server does not know is refused, never guessed.
 *
 * It owns no clock, timer or promise: the host does, and tells what happens.
 */
export class SnapshotStream {
  #host;
  #most;
  #clock;
  #random;
  /** @type {"given" | "waiting" | "loading" | "fitting" | "stopped"} */
  #phase = "given";
  /** @type {Reason} why the snapshot is loaded */
  #reason = "start";
  /** Whether the page lacks a snapshot. */
  #wanted;
  /** Failures in a row. */
  #attempt = 0;
  #failure = "";
  #number = 0;
  #begun = -Infinity;
  #due = Infinity;
  /** @type {Loaded | undefined} */
  #loaded;
  /** The page has got the snapshot before it fits. */
  #shown = false;
  /** The server was asked for the feed's position, which is before the snapshot's. */
  #asked = false;
  /** The feed was told to go on after the snapshot's position. */
  #resumed = false;
  /** The position of the feed, "" when it is not known. */
  #position;
  /** All events after this position are held, or have been; "" when it is not known. */
  #from;
  /** @type {Item[]} */
  #held = [];
  #bytes = 0;
  /** Too much came: events are not held, since the feed can bring them again. */
  #overflowed = false;
  #live = false;
  #greeted = false;
  #chooses;

  /**
   * @param {Host} host
   * @param {string} after the position from which the feed starts, "" for none
   * @param {() => number} clock in ms
   * @param {() => number} random from 0 to below 1
   * @param {{events: number, bytes: number}} [most] that may be held
   * @param {() => boolean} [chooses] whether the server sends only the newest events of some topics
   */
  constructor(host, after, clock, random, most = heldMost, chooses = () => false) {
    this.#most = most;
    this.#chooses = chooses;
    this.#host = host;
    this.#position = this.#from = after;
    this.#wanted = after === "";
    this.#clock = clock;
    this.#random = random;
  }

  /** Whether the page lacks a snapshot, or the events up to now that belong to it. */
  get pending() {
    return this.#wanted;
  }

  /** Whether events of now are of no use: the feed goes back to a position before the page gets any. */
  get passesOver() {
    return this.#wanted && !this.#resumed;
  }

  /** Failures in a row. */
  get attempt() {
    return this.#attempt;
  }

  /** Why the last call failed; "" after none. */
  get failure() {
    return this.#failure;
  }

  /** When the next call is made, on the clock; Infinity while none is planned. */
  get retryAt() {
    return this.#phase === "waiting" ? this.#due : Infinity;
  }

  /** The feed starts, for the first time or again. */
  start() {
    if (this.#phase !== "given" && this.#phase !== "stopped") return;
    this.#phase = "given";
    if (this.#wanted) this.#begin(this.#reason);
  }

  /** @param {boolean} lost the page did not get all that was given */
  stop(lost) {
    this.#wanted ||= lost;
    this.#host.abort();
    this.#phase = "stopped";
    this.#forget();
    this.#plan(Infinity);
  }

  /** The page asks for another snapshot. */
  request() {
    if (this.#phase === "given" || this.#shown) this.#begin("request");
    else this.hurry();
  }

  /** Somebody does not want to wait for the next call. */
  hurry() {
    if (this.#phase !== "waiting") return;
    this.#plan(Math.min(this.#due, Math.max(this.#clock(), this.#begun + leastPause)));
    this.tick();
  }

  /** The server has said hello: its ids have an order. */
  greeted() {
    this.#greeted = true;
  }

  /** @param {boolean} live whether the feed is connected and has caught up */
  status(live) {
    this.#live = live;
    if (this.#phase !== "fitting") return;
    this.#plan(Infinity);
    this.#fit();
  }

  /** @param {Item} item */
  event(item) {
    if (item.id) this.#position = item.id;
    if (this.#resumed) this.#accept(0); // it came over the connection that goes on after the snapshot
    if (!this.#wanted) return this.#host.deliver(item);
    this.#hold(item);
    this.#fit();
  }

  /**
   * An event that the server has chosen as the newest of its topic. It moves no position.
   * @param {Item} item
   */
  newest(item) {
    if (this.passesOver) return;
    if (this.#resumed) this.#accept(0);
    this.#host.deliver(item);
  }

  /** @param {string} position to which the feed has moved without an event */
  moved(position) {
    this.#position = position;
    if (!this.#wanted) return;
    if (!this.#holding || (this.#from === "" && this.#held.length === 0)) this.#from = position;
    this.#fit();
  }

  /**
   * @param {Gap} gap
   * @returns {boolean} whether it is one of the feed, and not the answer to a position that does not fit
   */
  gap({ reason }) {
    this.#position = "";
    if (this.#resumed) {
      const at = this.#loaded?.at;
      this.#fail(
        reason === "trimmed"
          ? `its position "${at}" is older than the server's log; hand out newer states, or keep a longer log`
          : `the server cannot go on after its position "${at}" (${reason}); "at" must be a position of this feed, read before the state`,
      );
      return false;
    }
    this.#forget();
    this.#wanted = true;
    this.#reason = reason;
    if (this.#phase === "stopped" || this.#phase === "waiting") return true;
    this.#begin(reason);
    return true;
  }

  /**
   * @param {number} number of the call
   * @param {unknown} value with which the page's function resolved
   */
  loaded(number, value) {
    if (number !== this.#number || this.#phase !== "loading") return;
    const { at, data } = /** @type {Partial<Loaded>} */ (value ?? {});
    if (typeof at !== "string" || at === "") {
      return this.#fail(`it resolved without a position; resolve { at, data }, where "at" is the text of the position that the server read before the state`);
    }
    this.#loaded = { at, data };
    this.#phase = "fitting";
    this.#plan(Infinity);
    this.#fit();
    if (this.#phase === "fitting" && !this.#live && !this.#resumed) this.#show(); // old data is better than none while there is no connection
  }

  /**
   * @param {number} number of the call
   * @param {string} message
   * @param {unknown} cause
   */
  failed(number, message, cause) {
    if (number === this.#number && this.#phase === "loading") this.#fail(message, cause);
  }

  /** Time may have come. */
  tick() {
    if (this.#clock() < this.#due) return;
    if (this.#phase === "waiting") this.#load();
    else if (this.#phase === "loading") this.#fail(`it did not come within ${this.#limit / 1000} s; the next call gets more time`);
    else if (this.#phase === "fitting") this.#resume();
  }

  get #limit() {
    return Math.min(firstLimit * 2 ** this.#attempt, longestLimit);
  }

  /** Whether events are kept until the snapshot has come. */
  get #holding() {
    return !this.#overflowed && (this.#phase === "loading" || this.#phase === "fitting");
  }

  /** @param {number} due */
  #plan(due) {
    this.#due = due;
    this.#host.timer(due === Infinity ? -1 : due);
  }

  /** What was held is not there any more: all events after the feed's position will be. */
  #forget() {
    this.#from = this.#position;
    this.#held = [];
    this.#bytes = 0;
    this.#overflowed = false;
    this.#loaded = undefined;
    this.#shown = this.#asked = this.#resumed = false;
  }

  /** @param {Reason} reason */
  #begin(reason) {
    this.#host.abort();
    this.#forget();
    this.#reason = reason;
    this.#wanted = true;
    const earliest = this.#begun + leastPause;
    if (earliest <= this.#clock()) return this.#load();
    this.#phase = "waiting";
    this.#plan(earliest);
    this.#host.changed();
  }

  #load() {
    this.#phase = "loading";
    this.#begun = this.#clock();
    this.#plan(this.#begun + this.#limit);
    this.#host.changed();
    this.#host.load({ number: ++this.#number, reason: this.#reason });
  }

  /**
   * @param {string} message
   * @param {unknown} [cause]
   */
  #fail(message, cause) {
    this.#host.abort();
    this.#forget();
    const bound = Math.min(minDelay * 2 ** this.#attempt++, maxDelay);
    const wait = Math.max(leastPause, Math.round(bound * (0.5 + this.#random() / 2)));
    this.#failure = message;
    this.#phase = "waiting";
    this.#plan(this.#clock() + wait);
    this.#host.changed();
    this.#host.failed({ message, cause, attempt: this.#attempt, wait });
  }

  /** @param {Item} item */
  #hold(item) {
    if (!this.#holding) {
      this.#from = this.#position;
      return;
    }
    this.#held.push(item);
    this.#bytes += JSON.stringify(item.event).length;
    if (this.#held.length <= this.#most.events && this.#bytes <= this.#most.bytes) return;
    if (this.#phase === "loading") this.#begin("overflow");
    this.#held = [];
    this.#overflowed = true;
    this.#from = this.#position;
  }

  /** Gives the snapshot if it fits, or does what is needed for that. */
  #fit() {
    const at = this.#loaded?.at;
    if (this.#phase !== "fitting" || at === undefined) return;
    if (this.#resumed) {
      if (this.#live) this.#accept(0);
      return;
    }
    // What a server passed over before it was asked to begin at the snapshot cannot be counted.
    const found = this.#chooses() ? -1 : this.#heldUpTo(at);
    if (found >= 0) return this.#accept(found);
    if (!this.#live) return; // the feed may still be told of another epoch
    const stands = this.#position === "" ? "unknown" : relation(at, this.#position, this.#greeted);
    if (stands === "foreign") {
      this.#fail(`its position "${at}" is none of this feed, which is at "${this.#position}"; "at" must be read from the log of this feed, before the state`);
    } else if (stands !== "after") this.#resume();
    else this.#await();
  }

  /** The snapshot is later than what the feed has brought. That is usual for a moment, or when the feed brings few topics. */
  #await() {
    if (this.#due === Infinity) this.#plan(this.#clock() + patience);
    if (this.#asked) return;
    this.#asked = true;
    this.#host.ask();
  }

  /**
   * @param {string} at
   * @returns {number} how many of the held events the snapshot at this position includes, when no event
   *   is missing after it; else -1
   */
  #heldUpTo(at) {
    if (at === this.#position) return this.#held.length;
    if (at === this.#from) return 0;
    const stands = (/** @type {string} */ other) => relation(at, other, this.#greeted);
    const last = this.#held.findLastIndex(({ id }) => id === at || (id !== "" && stands(id) === "after"));
    if (this.#held[last]?.id === at) return last + 1;
    if (stands(this.#position) !== "before") return -1;
    return last >= 0 || stands(this.#from) === "after" ? last + 1 : -1;
  }

  /** @param {number} count of the held events that fall away */
  #accept(count) {
    const rest = this.#held.slice(count);
    this.#show();
    this.#forget();
    this.#wanted = false;
    this.#attempt = 0;
    this.#failure = "";
    this.#phase = "given";
    this.#plan(Infinity);
    this.#host.replay(rest);
    this.#host.changed();
  }

  #show() {
    if (this.#shown || !this.#loaded) return;
    this.#shown = true;
    this.#host.give({ ...this.#loaded, reason: this.#reason });
  }

  #resume() {
    const at = /** @type {Loaded} */ (this.#loaded).at;
    this.#held = [];
    this.#bytes = 0;
    this.#plan(Infinity);
    this.#resumed = true;
    this.#live = false;
    this.#position = this.#from = at;
    this.#host.resume(at);
  }
}
