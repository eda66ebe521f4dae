// @ts-check
import { errorOf } from "./control-frames.js";
import { WakesocketError } from "./error.js";
import { frameText } from "./requests.js";

/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */
/** @typedef {import("./shim.d.ts").AddOptions} AddOptions */
/** @typedef {readonly string[] | undefined} Topics undefined: those in the page's address, if any */

/** Stands for all topics. An empty list that is another one stands for none. */
export const everything = Object.freeze(/** @type {string[]} */ ([]));

/**
 * Changes that were asked for in a row and go out together.
 * @typedef {object} Change
 * @property {boolean} all the whole list has to be sent
 * @property {Set<string>} add
 * @property {Set<string>} remove
 * @property {AddOptions} options
 * @property {AddWaiter[]} waiters
 * @property {Reader} [reader] undefined: the page
 */

/**
 * Who gets the earlier events of topics that are added, where one connection is for
 * several tabs. It is called in the order of the events.
 * @typedef {object} Reader
 * @property {(events: FeedEvent[]) => void} history
 * @property {(gap: import("./boundary.js").Gap) => void} gap
 */

/**
 * Called in the order of the events.
 * - known: the server has said that it follows the topics, or they are in the address of its connection
 * - topics: which ones, undefined for all
 * @typedef {(at: string, known: boolean, topics: Topics) => void} Followed
 */

/** @typedef {import("./requests.js").Waiter<string> & {followed?: Followed}} AddWaiter */

/**
 * @typedef {object} Owner
 * @property {(events: FeedEvent[]) => void} history
 * @property {(gap: import("./boundary.js").Gap) => void} gap
 * @property {() => string} cursor
 * @property {(call: () => void) => void} then calls back after the events that have come
 */

/** What a message may hold where the feed names no limit, in bytes. */
const messageBytes = 64 << 10;
/** More than so many characters of topics do not go into an address: servers and proxies bound its length. */
const addressCharacters = 4000;

/**
 * The topics of a feed, and the changes that its server does not know yet. Changes
 * wait here until they may be sent, so that those of a page that scrolls fast go out
 * as one.
 */
export class TopicChanges {
  /** @type {Topics} */
  list;
  /** Whether the server of the live connection answers requests. */
  answers = false;
  /**
   * Another socket may take over that was dialed before the changes. It would not have
   * the events of topics that the live one has added: so the changes wait.
   */
  held = false;
  #owner;
  #requests;
  #latest;
  /** @type {Change[]} */
  #changes = [];
  /** @type {(string | number)[]} what is to be sent: texts, and numbers of requests */
  #out = [];

  /**
   * @param {Topics} list
   * @param {import("./requests.js").Requests} requests
   * @param {Owner} owner
   * @param {import("./latest.js").Latest} [latest]
   * @param {boolean} [none] whether an empty list stands for no topics, not for all
   */
  constructor(list, requests, owner, latest, none = false) {
    this.#latest = latest;
    this.list = list?.length === 0 && !none ? everything : list;
    this.#requests = requests;
    this.#owner = owner;
  }

  /** Whether the list is too long for an address, or nothing that an address can say. */
  get later() {
    const list = this.list;
    if (!list || list === everything) return false;
    return list.length === 0 || list.reduce((sum, name) => sum + name.length + 7, 0) > addressCharacters / (this.#latest?.wanted ? 3 : 1);
  }

  get waiting() {
    return this.#out.length > 0 || (this.answers && !this.held && this.#changes.length > 0);
  }

  /**
   * @param {readonly string[]} topics none means all
   * @param {AddWaiter} [waiter]
   */
  set(topics, waiter) {
    this.list = topics.length === 0 ? everything : topics;
    const change = this.#last((change) => change.all);
    change.all = true;
    if (waiter) change.waiters.push(waiter);
  }

  /**
   * @param {readonly string[]} topics
   * @param {AddOptions} options
   * @param {AddWaiter} waiter
   * @param {Reader} [reader]
   */
  add(topics, options, waiter, reader) {
    if (this.list && this.list !== everything) {
      const names = new Set([...this.list, ...topics]);
      if (names.size > this.list.length) this.list = [...names]; // else the server may know it
    }
    const { last, after } = options;
    /** @param {Change} change */
    const fits = (change) => !change.all && change.reader === reader && change.options.last === last && change.options.after === after;
    const change = this.#last(fits, options, reader);
    for (const name of topics) {
      change.add.add(name);
      change.remove.delete(name);
    }
    change.waiters.push(waiter);
  }

  /**
   * @param {readonly string[]} topics
   * @param {import("./requests.js").Waiter<string>} waiter
   */
  remove(topics, waiter) {
    if (!this.list || this.list === everything) {
      waiter.reject(followsAll());
      return;
    }
    this.#drop(topics);
    const change = this.#last((change) => !change.all);
    for (const name of topics) {
      change.remove.add(name);
      change.add.delete(name);
    }
    change.waiters.push(waiter);
  }

  /**
   * The frames that tell the whole list.
   * @param {number} limit bytes of one message
   * @param {number} [n] of the request that the last one is
   * @returns {string[]}
   */
  frames(limit, n) {
    if (this.list === undefined) return [];
    if (this.list !== everything && this.list.length === 0) return [frameText({ wakesocket: "add", topics: [], n })];
    const parts = this.list === everything ? [[]] : pieces(this.list, limit);
    return parts.map((topics, i) =>
      frameText({ wakesocket: i === 0 ? "topics" : "add", topics, latest: this.#latest?.of(topics), ...(i < parts.length - 1 ? { more: true } : { n }) }),
    );
  }

  /**
   * A connection is live whose server answers requests: what has no answer is asked
   * again.
   * @param {boolean} knows whether the server has the list
   * @param {number} limit bytes of one message
   */
  resume(knows, limit) {
    this.answers = true;
    this.#out = [...(knows ? [] : this.frames(limit)), ...this.#requests.numbers];
  }

  /** @param {number} number of a request that has to be sent, 0 for none */
  ask(number) {
    if (number && this.answers) this.#out.push(number);
  }

  /** A connection is live whose server knows no requests, but is to be told the list. */
  tell() {
    this.settle(false);
    const topics = this.list;
    this.#out.push(frameText({ wakesocket: "topics", topics, latest: this.#latest?.of(topics ?? []) }));
  }

  /**
   * A connection is live whose server knows no requests, and has the list.
   * @param {boolean} known whether that is sure
   */
  settle(known) {
    const changes = this.#changes;
    this.#changes = [];
    this.#out = [];
    // An error takes a page that starts half a millisecond: its stack is written down.
    if (this.#requests.numbers.length > 0) this.#requests.fail(unsupported());
    for (const { options, waiters } of changes) {
      for (const waiter of waiters) {
        if (options.last || options.after) waiter.reject(unsupported());
        else this.#followed(waiter, undefined, known, this.#named);
      }
    }
  }

  /**
   * The next message.
   * @param {number} limit bytes of one message
   * @returns {string | undefined}
   */
  take(limit) {
    if (this.#out.length === 0) this.#write(limit);
    const next = this.#out.shift();
    return typeof next === "number" ? this.#requests.text(next) : next;
  }

  /** The connection is gone, and with it what was to be sent. */
  pause() {
    this.answers = false;
    this.#out = [];
  }

  /** @param {WakesocketError} error */
  fail(error) {
    const changes = this.#changes;
    this.#changes = [];
    this.#out = [];
    for (const { waiters } of changes) for (const { reject } of waiters) reject(error);
  }

  /** @param {number} limit */
  #write(limit) {
    const change = this.#changes.shift();
    if (!change) return;
    if (change.all) return this.#writeAll(change, limit);
    const { last, after } = change.options;
    /** @type {Record<string, unknown>[]} */
    const frames = [];
    for (const topics of pieces([...change.remove], limit)) frames.push({ wakesocket: "remove", topics });
    for (const topics of pieces([...change.add], limit)) frames.push({ wakesocket: "add", topics, latest: this.#latest?.of(topics), last, after });
    if (frames.length === 0) frames.push({ wakesocket: "add", topics: [] });
    let open = frames.length;
    /** @type {WakesocketError | undefined} */
    let failed;
    /** @type {Set<unknown>} those of an answer that was cut off come again */
    const seen = new Set();
    for (const frame of frames) {
      /** @param {Record<string, any>} answer */
      const resolve = (answer) => {
        if (answer.wakesocket === "error") {
          failed = errorOf(answer);
          if (frame.wakesocket === "add" && failed.code !== "log-unavailable") this.#drop(/** @type {string[]} */ (frame.topics));
        }
        const { gap } = answer;
        if (gap) this.#tell(change, (reader) => reader.gap({ after: `${gap.after}`, earliest: `${gap.earliest}`, reason: gap.reason }));
        if (--open > 0) return;
        for (const waiter of change.waiters) failed ? waiter.reject(failed) : this.#followed(waiter, `${answer.at}`, true, [...change.add]);
      };
      const reject = (/** @type {WakesocketError} */ error) => {
        for (const waiter of change.waiters) waiter.reject(error);
      };
      const events = (/** @type {FeedEvent[]} */ list) => {
        const fresh = list.filter(({ id }) => !seen.has(id));
        for (const { id } of list) seen.add(id);
        this.#tell(change, (reader) => reader.history(fresh));
      };
      const number = this.#requests.add({ frame, waiter: { resolve, reject }, events });
      if (number) this.#out.push(number);
    }
  }

  /**
   * @param {Change} change
   * @param {number} limit
   */
  #writeAll({ waiters }, limit) {
    const named = this.#named;
    /** @param {Record<string, any>} answer */
    const resolve = (answer) => {
      for (const waiter of waiters) answer.wakesocket === "error" ? waiter.reject(errorOf(answer)) : this.#followed(waiter, `${answer.at}`, true, named);
    };
    const reject = (/** @type {WakesocketError} */ error) => {
      for (const waiter of waiters) waiter.reject(error);
    };
    // Over another connection, which has the list of then, it is asked without a list.
    const number = waiters.length > 0 ? this.#requests.add({ frame: { wakesocket: "add", topics: [] }, waiter: { resolve, reject } }) : 0;
    this.#out.push(...this.frames(limit, number || undefined));
  }

  /** The list; undefined for all. */
  get #named() {
    return this.list === everything ? undefined : this.list;
  }

  /**
   * @param {Change} change
   * @param {(reader: Reader) => void} call
   */
  #tell({ reader }, call) {
    if (reader) this.#owner.then(() => call(reader));
    else call(this.#owner);
  }

  /**
   * @param {AddWaiter} waiter
   * @param {string | undefined} at undefined: where the page is
   * @param {boolean} known
   * @param {Topics} topics
   */
  #followed({ resolve, followed }, at, known, topics) {
    if (followed) this.#owner.then(() => followed(at ?? this.#owner.cursor(), known, topics));
    resolve(at ?? this.#owner.cursor());
  }

  /** @param {readonly string[]} topics that the page does not want or the server does not accept: they must not be asked for at each dial */
  #drop(topics) {
    if (!this.list || this.list === everything) return;
    const gone = new Set(topics);
    this.list = this.list.filter((name) => !gone.has(name));
  }

  /**
   * The newest change, if another can join it, else a new one.
   * @param {(change: Change) => boolean} fits
   * @param {AddOptions} [options]
   * @param {Reader} [reader]
   */
  #last(fits, options = {}, reader = undefined) {
    const last = this.#changes.at(-1);
    if (last && fits(last)) return last;
    /** @type {Change} */
    const change = { all: false, add: new Set(), remove: new Set(), options, waiters: [], reader };
    this.#changes.push(change);
    return change;
  }
}

export function followsAll() {
  return new WakesocketError("message-invalid", "the feed follows all topics; name those that are wanted with setTopics");
}

function unsupported() {
  return new WakesocketError("unsupported", "this server does not answer requests: history, and last and after of addTopics, need a wakesocket feed");
}

/**
 * Cuts a list so that each piece fits into a message.
 * @param {readonly string[]} names
 * @param {number} limit
 */
function pieces(names, limit) {
  const room = Math.min(limit, messageBytes) - 200;
  /** @type {string[][]} */
  const cut = [];
  let left = 0;
  for (const name of names) {
    const size = JSON.stringify(name).length * 6 + 10; // a character is at most three bytes, and the name may come twice
    if (cut.length === 0 || size > left) {
      cut.push([]);
      left = room;
    }
    left -= size;
    cut[cut.length - 1].push(name);
  }
  return cut;
}
