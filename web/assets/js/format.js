// @ts-check

/** @param {number} ms */
export function span(ms) {
  const s = Math.max(0, ms) / 1000;
  if (s < 9.95) return `${s.toFixed(1)} s`;
  if (s < 59.5) return `${Math.round(s)} s`;
  if (s < 3570) return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
  return `${Math.floor(s / 3600)} h ${Math.round((s % 3600) / 60)} min`;
}

const units = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Three digits at most, by powers of 1000. @param {number} n */
export function bytes(n) {
  let unit = 0;
  while (n >= 999.5 && unit < units.length - 1) {
    n /= 1000;
    unit++;
  }
  return `${digits(unit === 0 ? Math.round(n) : n)} ${units[unit]}`;
}

/** @param {number} n */
export const rate = (n) => `${bytes(n)}/s`;

/** @param {number} n */
export const percent = (n) => `${Math.round(n)} %`;

/** @param {number} n */
function digits(n) {
  if (Number.isInteger(n) || n >= 99.95) return String(Math.round(n));
  return n >= 9.995 ? n.toFixed(1) : n.toFixed(2);
}

/** @param {number} n @param {string} one */
export const count = (n, one) => `${n.toLocaleString("en")} ${one}${n === 1 ? "" : "s"}`;

/** @param {number} at epoch ms */
export function clock(at) {
  const d = new Date(at);
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}
