// @ts-check

/** @type {Map<string, string>} by origin: why the page's policy forbids it */
const forbidden = new Map();
/** @type {Set<(origin: string) => void>} */
const listeners = new Set();
let watching = false;

/**
 * Calls back when the page's Content-Security-Policy has refused an address. Only
 * this event tells the reason: the socket fails like one that cannot be reached,
 * in Chromium after a long time.
 * @param {(origin: string) => void} listener
 * @returns {() => void} ends it
 */
export function watchViolations(listener) {
  if (!watching) {
    watching = true;
    globalThis.addEventListener?.("securitypolicyviolation", note);
  }
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * @param {string} href
 * @returns {string} why the page's policy forbids the address; "" when it is not known to
 */
export function violationOf(href) {
  return forbidden.get(originOf(href)) ?? "";
}

/** @param {string} href */
export function originOf(href) {
  try {
    const { protocol, host } = new URL(href);
    return `${protocol}//${host}`;
  } catch {
    return "";
  }
}

/** @param {SecurityPolicyViolationEvent} event */
function note({ disposition, effectiveDirective, blockedURI, originalPolicy }) {
  const origin = originOf(blockedURI);
  if (disposition === "report" || effectiveDirective !== "connect-src" || !origin) return;
  const directive = /(connect|default)-src[^;]*/.exec(originalPolicy)?.[0].trim() ?? "connect-src";
  forbidden.set(origin, `the page's Content-Security-Policy forbids to connect to ${origin}; "${directive}" does not allow it`);
  for (const listener of [...listeners]) listener(origin);
}
