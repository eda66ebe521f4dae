// @ts-check

/** @typedef {import("./shared-ring.js").Entry} Entry */

/**
 * @param {import("./shim.d.ts").FeedEvent} event
 * @param {number} at when it arrived, on performance.now()
 * @param {string} cursor of its connection, after it
 * @param {boolean} moved whether it has moved the cursor: then that is its id
 * @returns {Entry}
 */
export function entryOf(event, at, cursor, moved) {
  return {
    position: cursor,
    id: moved ? cursor : "",
    topic: typeof event.topic === "string" ? event.topic : "",
    text: JSON.stringify(event),
    time: Math.round(Date.now() - (performance.now() - at)),
  };
}

/**
 * @param {string} position
 * @returns {Entry}
 */
export function moveTo(position) {
  return { position, id: "", topic: "", text: "", time: Date.now() };
}

/**
 * An earlier event that a tab asked for. It moves no cursor, and the tab gets it
 * whatever topics it follows.
 * @param {import("./shim.d.ts").FeedEvent} event
 * @returns {Entry}
 */
export function earlierEntry(event) {
  return { ...moveTo(""), text: JSON.stringify({ ...event, history: true }), earlier: true };
}

/**
 * What a tab is told at this place.
 * @param {import("./shared-protocol.js").FromWorker} message
 * @returns {Entry}
 */
export function messageEntry(message) {
  return { ...moveTo(""), message };
}

/**
 * A gap has no position: who is at the one before it must be told, too.
 * @param {import("./shim.d.ts").Gap} gap
 * @returns {Entry}
 */
export function gapEntry(gap) {
  return { ...moveTo(""), gap, message: { type: "gap", gap } };
}
