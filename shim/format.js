// @ts-check

/**
 * @param {number} ms age of the newest data
 * @param {boolean} current whether it is all there is
 */
export function formatAge(ms, current) {
  const text = formatSpan(ms);
  return current ? `${text} ago` : `data ${text} old`;
}

/** @param {number} ms until the next try */
export function formatCountdown(ms) {
  return ms > 0 ? `retry in ${Math.ceil(ms / 1000)} s` : "retrying";
}

/** @param {readonly string[]} topics that are silent; "" for events without a topic */
export function formatSilence(topics) {
  const names = topics.filter(Boolean);
  if (names.length === 0) return "no events";
  const more = names.length > 2 ? ` and ${names.length - 2} more` : "";
  return `${names.slice(0, 2).join(", ")}${more} silent`;
}

/** @param {number} events that have arrived and wait for the page */
export function formatLag(events) {
  return `${events} ${events === 1 ? "event waits" : "events wait"}`;
}

/**
 * An age in words goes on by steps of so many ms. A new word each second would be
 * most of the work of an idle page.
 * @param {number} ms age
 */
export function ageStep(ms) {
  if (ms < 10_000) return 1_000;
  return ms < 60_000 ? 5_000 : 10_000;
}

/** @param {number} ms */
function formatSpan(ms) {
  const step = ageStep(ms);
  const seconds = Math.max(0, (Math.floor(ms / step) * step) / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}
