// @ts-check
import { earlierEntry, gapEntry, messageEntry } from "./shared-entry.js";

/** @typedef {import("./shared-ring.js").Entry} Entry */

/**
 * Topics that the server has said it follows.
 * @typedef {object} Addition
 * @property {number} number of the entry of the ring from which on it does
 * @property {Set<string>} names
 * @property {Entry[]} entries what the tab gets before: earlier events, and the answer
 */

/**
 * The topics that one tab adds. Another tab may follow them already, so that their
 * events are in the ring. They count for this tab from the place of the answer on:
 * it has the earlier ones that it asked for, and no others.
 */
export class Additions {
  /** @type {Map<number, Set<string>>} by request: topics without an answer */
  #open = new Map();
  /** @type {Addition[]} */
  #followed = [];
  /** @type {Entry[]} what came since the last answer */
  #entries = [];
  /** Who gets what the server sends before its answers. @readonly @type {import("./topic-changes.js").Reader} */
  reader = {
    history: (events) => void this.#entries.push(...events.map(earlierEntry)),
    gap: (gap) => void this.#entries.push(gapEntry(gap)),
  };

  /** The topics that do not count yet. */
  get names() {
    return new Set(this.#lists.flatMap((names) => [...names]));
  }

  get waiting() {
    return this.#followed.length > 0;
  }

  /** @param {number} request @param {readonly string[]} topics */
  ask(request, topics) {
    this.#open.set(request, new Set(topics));
  }

  /**
   * @param {number} request
   * @param {string} at
   * @param {number} number of the entry of the ring that comes next
   */
  followed(request, at, number) {
    const names = this.#open.get(request) ?? new Set();
    this.#open.delete(request);
    const entries = [...this.#entries.splice(0), messageEntry({ type: "answer", request, answer: { at } })];
    this.#followed.push({ number, names, entries });
  }

  /** @param {number} request */
  refused(request) {
    this.#open.delete(request);
  }

  /** @param {(name: string) => boolean} gone whether the tab does not want the topic any more */
  drop(gone) {
    for (const names of this.#lists) for (const name of names) if (gone(name)) names.delete(name);
  }

  /**
   * @param {number} number of the entry that the tab gets next
   * @returns {Addition | undefined} one that counts from there on
   */
  take(number) {
    return this.waiting && this.#followed[0].number <= number ? this.#followed.shift() : undefined;
  }

  get #lists() {
    return [...this.#open.values(), ...this.#followed.map(({ names }) => names)];
  }
}
