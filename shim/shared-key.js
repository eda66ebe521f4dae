// @ts-check

/**
 * What makes two tabs share a feed. The query of an address that a url function gave
 * does not count: it holds credentials, which differ with each call.
 * @param {true | string} share the option: a name for whose rights count, or true
 * @param {string} href address of the feed
 * @param {boolean} asked whether a url function gave it
 * @param {unknown[]} rest what else must be the same
 */
export function shareKey(share, href, asked, rest) {
  const { origin, pathname } = new URL(href);
  return JSON.stringify([share, asked ? origin + pathname : href, ...rest]);
}

/** @param {string} href */
export function topicsIn(href) {
  return new URL(href).searchParams.getAll("topic").filter(Boolean);
}
