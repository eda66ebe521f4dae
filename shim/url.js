// @ts-check

/**
 * The WebSocket address of what the page gave: relative to `base`, http as ws,
 * without a fragment (browsers of old refuse one).
 * @param {unknown} given
 * @param {string} base
 */
export function socketURL(given, base) {
  if (typeof given !== "string" && !(given instanceof URL)) {
    throw new TypeError(`the feed's url must be a string or a URL, not ${given === null ? "null" : typeof given}`);
  }
  let url;
  try {
    url = new URL(given, base);
  } catch {
    throw new TypeError(`the feed's url "${given}" is not a URL (seen from ${base})`);
  }
  if (url.protocol === "http:") url.protocol = "ws:";
  if (url.protocol === "https:") url.protocol = "wss:";
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    throw new TypeError(`the feed's url "${url.href}" must use http, https, ws or wss`);
  }
  url.hash = "";
  return url.href;
}

/**
 * Adds parameters to the query of an address and replaces those of the same
 * name. The rest of the query keeps its spelling: it may be signed.
 * @param {string} href
 * @param {Iterable<readonly [name: string, value: string]>} added
 * @param {Iterable<string>} [removed] names that must not stay
 */
export function withQuery(href, added, removed = []) {
  const pairs = [...added];
  const names = new Set([...removed, ...pairs.map(([name]) => name)]);
  const url = new URL(href);
  const kept = url.search
    .slice(1)
    .split("&")
    .filter((pair) => pair && !names.has(nameOf(pair)));
  url.search = [...kept, ...pairs.map((pair) => new URLSearchParams([[...pair]]).toString())].join("&");
  return url.href;
}

/** @param {string} pair */
function nameOf(pair) {
  return new URLSearchParams(pair).keys().next().value ?? "";
}
