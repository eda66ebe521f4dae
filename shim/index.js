// @ts-check
import { Feed } from "./feed.js";

export { WakesocketError } from "./error.js";

/**
 * Connects to a feed and returns at once. Throws a TypeError when the url or an
 * option is of the wrong type.
 * @param {import("./shim.d.ts").FeedURL} url
 * @param {import("./shim.d.ts").Options} [options]
 * @returns {import("./shim.d.ts").Feed}
 */
export function connect(url, options) {
  return new Feed(url, options);
}
