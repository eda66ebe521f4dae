// @ts-check
import { matches } from "./limits.js";

/** Stands for all topics in a list of names. An empty list of names stands for none. */
export const all = "";

/**
 * The names of the topics that a tab wants.
 * @param {readonly string[] | undefined} names undefined: those in the address
 * @param {readonly string[]} addressTopics
 * @returns {ReadonlySet<string>}
 */
export function wantedTopics(names, addressTopics) {
  return new Set(names ?? (addressTopics.length > 0 ? addressTopics : [all]));
}

/**
 * What a driver is told of a list of names.
 * @param {ReadonlySet<string>} names
 * @returns {{topics: readonly string[], none: boolean}}
 */
export function driverTopics(names) {
  return { topics: names.has(all) ? [] : [...names], none: names.size === 0 };
}

/**
 * @param {ReadonlySet<string>} names
 * @param {string} topic
 */
export function wants(names, topic) {
  if (names.has(all) || names.has(topic)) return true;
  for (const name of names) if (matches(name, topic)) return true;
  return false;
}

/** No frame is under way for longer, in milliseconds: the heartbeat would have ended its connection. */
const longestWay = 60_000;

/**
 * The topics that a feed asks its server for, and from which entry of the ring on
 * the server is known to send each. Most servers say when they have taken a list, or
 * have it from the address of the connection. Of others the first event that only a
 * new list can have brought shows that this list is taken, and those before it.
 */
export class Coverage {
  /** @type {Map<string, {from: number, list: number}>} by name; from: an entry of the ring, Infinity while it is not known; list: the one that named it first */
  #names = new Map();
  /** The number of the newest list. */
  list = 0;
  /** @type {Map<string, number>} names that were dropped, and when on performance.now(): their events may still be under way */
  #dropped = new Map();

  /** @param {ReadonlySet<string>} names that the first dial asks for */
  constructor(names) {
    for (const name of names) this.#names.set(name, { from: 1, list: 0 });
  }

  /** The names that the server is asked for. */
  get names() {
    return new Set(this.#names.keys());
  }

  /**
   * Sets what all tabs want together. Where that is nothing, all stays as it is.
   * @param {readonly ReadonlySet<string>[]} lists
   * @returns {boolean} whether the list for the server is another one
   */
  want(lists) {
    const union = new Set(lists.flatMap((names) => [...names]));
    if (union.size === 0) return false;
    const before = this.#told();
    const wasAll = this.#names.get(all) ?? { from: Infinity };
    this.list++;
    // Who sends all sends each one of them.
    for (const name of union) if (!this.#names.has(name)) this.#names.set(name, { list: this.list, ...wasAll });
    for (const name of this.#names.keys()) {
      if (union.has(name)) continue;
      this.#names.delete(name);
      this.#dropped.set(name, performance.now());
    }
    return this.#told() !== before;
  }

  /**
   * The server follows the topics.
   * @param {readonly string[] | undefined} names undefined: all
   * @param {number} list that it was asked for; a topic that was dropped and wanted again is in a later one
   * @param {number} number of the entry that comes next
   */
  followed(names, list, number) {
    const told = new Set(names);
    for (const [name, state] of this.#names) {
      if (state.list <= list && (!names || told.has(name))) state.from = Math.min(state.from, number);
    }
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
    if (taken === Infinity) return; // it was dropped long ago, and is in the address of the connection
    for (const [name, at] of this.#dropped) {
      if (performance.now() - at > longestWay) this.#dropped.delete(name);
      else if (includes(name, topic)) return;
    }
    for (const state of this.#names.values()) if (state.list <= taken) state.from = Math.min(state.from, number);
  }

  /**
   * From which entry on the feed has all events of the topics.
   * @param {ReadonlySet<string>} names
   * @returns {number} Infinity while that is not known
   */
  from(names) {
    const wasAll = this.#names.get(all)?.from ?? Infinity;
    const one = (/** @type {string} */ name) => {
      let first = wasAll;
      for (const [known, { from }] of this.#names) if (includes(known, name)) first = Math.min(first, from);
      return first;
    };
    return names.has(all) ? wasAll : Math.max(0, ...[...names].map(one));
  }

  /** What the server is told, as one text. */
  #told() {
    return this.#names.has(all) ? "" : JSON.stringify([...this.#names.keys()]);
  }
}

/**
 * @param {string} name in a list
 * @param {string} topic
 */
function includes(name, topic) {
  return name === all || matches(name, topic);
}
