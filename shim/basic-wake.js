// @ts-check

const longSleep = 60_000;
const dialGap = 1_000;

/**
 * @typedef {object} Wake
 * @property {number} now on performance.now()
 * @property {number} slept milliseconds that are known to be missing
 * @property {boolean} moved the network may be another one
 * @property {number} heartbeat 0 when the feed has no pings
 */

/**
 * What a wake means for the socket that there is: it is probed, its dial is made
 * again, it is replaced, or it stays as it is.
 * @param {import("./basic-socket.js").BasicSocket} socket
 * @param {Wake} wake
 * @returns {"probe" | "dial again" | "replace" | "keep"}
 */
export function afterWake(socket, { now, slept, moved, heartbeat }) {
  if (socket.phase !== "open") return slept > 0 || (moved && now - socket.entered >= dialGap) ? "dial again" : "keep";
  if (slept >= longSleep || (slept > 0 && heartbeat === 0)) return "replace";
  return heartbeat === 0 ? "keep" : "probe";
}
