// @ts-check
import { matches } from "./limits.js";

/** Stands for all topics in a list of names. */
const all = "";

/**
 * The names of the topics that a tab wants.
 * @param {readonly string[] | undefined} topics undefined: those in the address
 * @param {readonly string[]} addressTopics
 * @returns {ReadonlySet<string>} empty for all
 */
export function wantedTopics(topics, addressTopics) {
  return new Set(topics ?? addressTopics);
}

/**
 * @param {ReadonlySet<string>} names empty for all
 * @param {string} topic
 */
export function wants(names, topic) {
  if (names.size === 0 || names.has(topic)) return true;
  for (const name of names) if (matches(name, topic)) return true;
  return false;
}

/** No frame is under way for longer, in milliseconds: the heartbeat would have ended its connection. */
const longestWay = 60_000;

/**
 * The topics that a feed asks its server for, and from which entry of the ring on
 * the server is known to send each. A server does not say when it has taken a new
 * list. It takes lists in their order, so the first event that only a new list can
 * have brought shows that this list is taken, and those before it.
 */
export class Coverage {
  /** @type {Map<string, {from: number, list: number}>} by name; from: an entry of the ring, Infinity while it is not known; list: the one that named it first */
  #names = new Map();
  #list = 0;
  /** @type {Map<string, number>} names that were dropped, and when on performance.now(): their events may still be under way */
  #dropped = new Map();
  /** @type {string[]} */
  #dialed = [];

  /** @param {ReadonlySet<string>} names that the first dial asks for, empty for all */
  constructor(names) {
    for (const name of names.size > 0 ? names : [all]) this.#names.set(name, { from: 1, list: 0 });
  }

  /** The list for the server; empty for all. */
  get topics() {
    return this.#names.has(all) ? [] : [...this.#names.keys()];
  }

  /**
   * Sets what all tabs want together.
   * @param {readonly ReadonlySet<string>[]} lists
   * @returns {boolean} whether the list for the server is another one
   */
  want(lists) {
    const before = this.topics.join("\n");
    const everything = lists.some((names) => names.size === 0);
    const union = new Set([...(everything ? [all] : []), ...lists.flatMap((names) => [...names])]);
    const wasAll = this.#names.get(all) ?? { from: Infinity };
    this.#list++;
    // Who sends all sends each one of them.
    for (const name of union) if (!this.#names.has(name)) this.#names.set(name, { list: this.#list, ...wasAll });
    for (const name of this.#names.keys()) {
      if (union.has(name)) continue;
      this.#names.delete(name);
      this.#dropped.set(name, performance.now());
    }
    return this.topics.join("\n") !== before;
  }

  /**
   * An event of the topic has come, and is the entry with the number.
   * @param {string} topic
   * @param {number} number
   */
  seen(topic, number) {
    let taken = Infinity;
    for (const [name, { from, list }] of this.#names) {
      if (!includes(name, topic)) continue;
      if (from < Infinity) return; // which is why it came
      taken = Math.min(taken, list);
    }
    for (const [name, at] of this.#dropped) {
      if (performance.now() - at > longestWay) this.#dropped.delete(name);
      else if (includes(name, topic)) return;
    }
    for (const state of this.#names.values()) if (state.list <= taken) state.from = Math.min(state.from, number);
  }

  /** A connection is being made, whose address names the topics of now. */
  dialed() {
    this.#dialed = [...this.#names.keys()];
  }

  /**
   * A new connection is the only one, and all that came before was delivered.
   * @param {number} number of the entry that comes next
   */
  live(number) {
    this.#dropped.clear();
    for (const name of this.#dialed) {
      const state = this.#names.get(name);
      if (state) state.from = Math.min(state.from, number);
    }
  }

  /**
   * From which entry on the feed has all events of the topics.
   * @param {ReadonlySet<string>} names empty for all
   * @returns {number} Infinity while that is not known
   */
  from(names) {
    const wasAll = this.#names.get(all)?.from ?? Infinity;
    const one = (/** @type {string} */ name) => {
      let first = wasAll;
      for (const [known, { from }] of this.#names) if (includes(known, name)) first = Math.min(first, from);
      return first;
    };
    return names.size === 0 ? wasAll : Math.max(...[...names].map(one));
  }
}

/**
 * @param {string} name in a list
 * @param {string} topic
 */
function includes(name, topic) {
  return name === all || matches(name, topic);
}
