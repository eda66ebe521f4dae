// @ts-check

const counter = /^(0|[1-9]\d*)$/;
/** An id of a wakesocket server: "<epoch>-<major>" or "<epoch>-<major>-<minor>"; see web/store/id.go. */
const ofOurServer = /^([a-z0-9]{1,32})-(0|[1-9]\d*)(?:-([1-9]\d*))?$/;

/** @typedef {"same" | "before" | "after" | "foreign" | "unknown"} Relation */

/**
 * How one position stands to another. Ids of two epochs have no order, and neither
 * have ids of which nobody knows what they are made of.
 * @param {string} a
 * @param {string} b
 * @param {boolean} greeted the ids are those of a wakesocket server
 * @returns {Relation} of a, seen from b
 */
export function relation(a, b, greeted) {
  if (a === b) return "same";
  if (!greeted) return counter.test(a) && counter.test(b) ? order(a, b) : "unknown";
  const [first, second] = [ofOurServer.exec(a), ofOurServer.exec(b)];
  if (!first) return "foreign";
  if (!second) return "unknown";
  if (first[1] !== second[1]) return "foreign";
  return first[2] === second[2] ? order(first[3] ?? "0", second[3] ?? "0") : order(first[2], second[2]);
}

/**
 * @param {string} a digits, as long as no number of JavaScript may be
 * @param {string} b
 */
function order(a, b) {
  const before = a.length === b.length ? a < b : a.length < b.length;
  return before ? "before" : "after";
}
