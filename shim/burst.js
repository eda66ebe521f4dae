// @ts-check

/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */
/** @typedef {import("./boundary.gen.js").GapEffect} GapEffect */

/** @typedef {{place: number, gap: GapEffect}} PlacedGap place: how many events of the burst come before the gap */

/** @type {PlacedGap[]} */
const none = [];

/**
 * The gaps that were found in the middle of a burst. Others come before it.
 * @param {readonly import("./boundary.gen.js").Effect[]} effects
 * @param {import("./boundary.gen.js").Input} input
 * @returns {PlacedGap[]}
 */
export function gapsIn(effects, input) {
  if (input.type !== "events" || !effects.some((effect) => effect.type === "gap")) return none; // nearly always
  const answer = effects.find((effect) => effect.type === "deliver");
  if (!answer) return none;
  return effects
    .filter((effect) => effect.type === "gap")
    .map((gap) => ({ gap, place: input.ids.findIndex((id, i) => id === gap.earliest && id !== "" && answer.mask[i] === "1") }))
    .filter(({ place }) => place > 0);
}

/**
 * The events of a burst between its gaps, so that the page is told of each gap
 * where it is.
 * @param {FeedEvent[]} events
 * @param {string[]} ids
 * @param {string} mask
 * @param {PlacedGap[]} gaps in order
 * @returns {{gap?: GapEffect, events: FeedEvent[], ids: string[], mask: string}[]}
 */
export function partsOf(events, ids, mask, gaps) {
  if (gaps.length === 0) return [{ events, ids, mask }]; // nearly always; nothing is copied
  const places = [0, ...gaps.map(({ place }) => place), ids.length];
  return places.slice(1).map((to, i) => ({
    gap: gaps[i - 1]?.gap,
    events: events.slice(places[i], to),
    ids: ids.slice(places[i], to),
    mask: mask.slice(places[i], to),
  }));
}
