// @ts-check
import { violationOf } from "./csp.js";
import { dialAddress } from "./dialer.js";
import { openFirstSocket } from "./first-socket.js";

/** Lists of topics within these bounds always go into the address. */
const maxTopics = 16;
const maxName = 64;

/**
 * Opens the first socket of a feed before the rest of the feed is built, where its
 * address is known already: building takes a slow machine as long as the network
 * takes. The session's first dial takes the socket over.
 * @param {unknown} href the page's address, if it is no function
 * @param {import("./shim.d.ts").Options} options
 * @param {string} client
 * @param {boolean} online
 * @returns {() => void} to be called after the first dial
 */
export function dialFirst(href, { topics, after, persist, share, snapshot }, client, online) {
  const known = typeof href === "string" && !after && !persist && !share && !snapshot && topicsFit(topics);
  if (!known || !online || violationOf(href)) return () => {};
  return openFirstSocket(dialAddress(href, { after: "", previous: "" }, client, /** @type {string[] | undefined} */ (topics)));
}

/** @param {import("./shim.d.ts").Options["topics"]} topics */
function topicsFit(topics) {
  return !topics || (topics.length <= maxTopics && topics.every((topic) => typeof topic === "string" && topic.length <= maxName));
}
