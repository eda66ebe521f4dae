// @ts-check

/**
 * @param {number} ms since the last event
 * @param {boolean} live
 */
export function formatAge(ms, live) {
  const text = formatSpan(ms);
  return live ? `${text} ago` : `data ${text} old`;
}

/** @param {number} ms until the next try */
export function formatCountdown(ms) {
  return ms > 0 ? `retry in ${Math.ceil(ms / 1000)} s` : "retrying";
}

/** @param {number} ms */
function formatSpan(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}
