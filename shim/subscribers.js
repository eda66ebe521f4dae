// @ts-check
import { reportThrown } from "./error.js";

/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */
/** @typedef {{callback: ((event: FeedEvent) => void) | undefined}} Subscriber */

/** Who wants to hear of events: of all, or of one topic. */
export class Subscribers {
  /** @type {Map<string | undefined, readonly Subscriber[]>} undefined: all topics */
  #lists = new Map();

  /**
   * @param {string | undefined} topic
   * @param {(event: FeedEvent) => void} callback
   * @returns {() => void} ends it
   */
  add(topic, callback) {
    /** @type {Subscriber} */
    const subscriber = { callback };
    // Lists are replaced, never changed: one may be walked right now.
    this.#lists.set(topic, [...(this.#lists.get(topic) ?? []), subscriber]);
    return () => {
      subscriber.callback = undefined;
      const rest = this.#lists.get(topic)?.filter((other) => other !== subscriber) ?? [];
      if (rest.length > 0) this.#lists.set(topic, rest);
      else this.#lists.delete(topic);
    };
  }

  /** @param {FeedEvent} event */
  call(event) {
    const all = this.#lists.get(undefined);
    const some = typeof event.topic === "string" ? this.#lists.get(event.topic) : undefined;
    if (all) each(all, event);
    if (some) each(some, event);
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
