// @ts-check
import { reportThrown } from "./error.js";
import { isPattern, patterns } from "./limits.js";

/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */
/** @typedef {{callback: ((event: FeedEvent) => void) | undefined}} Subscriber */

/** Who wants to hear of events: of all, of one topic, or of those that a pattern stands for. */
export class Subscribers {
  /** @type {Map<string | undefined, readonly Subscriber[]>} undefined: all topics */
  #lists = new Map();
  /** How many of the lists are those of patterns. */
  #patterns = 0;

  /**
   * @param {string | undefined} topic
   * @param {(event: FeedEvent) => void} callback
   * @returns {() => void} ends it
   */
  add(topic, callback) {
    /** @type {Subscriber} */
    const subscriber = { callback };
    if (topic && isPattern(topic) && !this.#lists.has(topic)) this.#patterns++;
    // Lists are replaced, never changed: one may be walked right now.
    this.#lists.set(topic, [...(this.#lists.get(topic) ?? []), subscriber]);
    return () => {
      subscriber.callback = undefined;
      const rest = this.#lists.get(topic)?.filter((other) => other !== subscriber) ?? [];
      if (rest.length > 0) this.#lists.set(topic, rest);
      else if (this.#lists.delete(topic) && topic && isPattern(topic)) this.#patterns--;
    };
  }

  /** @param {FeedEvent} event */
  call(event) {
    const all = this.#lists.get(undefined);
    const some = typeof event.topic === "string" ? this.#lists.get(event.topic) : undefined;
    if (all) each(all, event);
    if (some) each(some, event);
    if (this.#patterns === 0 || typeof event.topic !== "string") return;
    for (const name of patterns(event.topic)) {
      const list = name === event.topic ? undefined : this.#lists.get(name);
      if (list) each(list, event);
    }
  }
}

/**
 * @param {readonly Subscriber[]} list
 * @param {FeedEvent} event
 */
function each(list, event) {
  for (const { callback } of list) {
    try {
      callback?.(event);
    } catch (thrown) {
      reportThrown(thrown);
    }
  }
}
