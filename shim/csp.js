// @ts-check

/** @type {Map<string, string>} by origin: the policy's directive that forbids it */
const forbidden = new Map();
let watching = false;

/**
 * Notes which addresses the page's Content-Security-Policy forbids. A browser
 * lets such a socket fail like one that cannot be reached, and tells the reason
 * in this event only.
 */
export function watchViolations() {
  if (watching || typeof globalThis.addEventListener !== "function") return;
  watching = true;
  globalThis.addEventListener("securitypolicyviolation", (event) => {
    if (event.disposition === "report" || !event.effectiveDirective.startsWith("connect-src")) return;
    const origin = originOf(event.blockedURI);
    if (origin) forbidden.set(origin, /connect-src[^;]*/.exec(event.originalPolicy)?.[0].trim() ?? "default-src");
  });
}

/**
 * @param {string} href
 * @returns {string} why the page's policy forbids the address; "" when it is not known to
 */
export function violationOf(href) {
  const origin = originOf(href);
  const directive = forbidden.get(origin);
  if (directive === undefined) return "";
  return `the page's Content-Security-Policy forbids to connect to ${origin}; add it to "${directive}"`;
}

/** @param {string} href */
function originOf(href) {
  try {
    const { protocol, host } = new URL(href);
    return `${protocol}//${host}`;
  } catch {
    return "";
  }
}
