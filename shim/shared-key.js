// @ts-check

/**
 * Parameters of an address that are credentials by custom. Their values are left
 * out when addresses of url functions are compared: each call may give others.
 */
const credentials = new Set(["token", "access_token", "id_token", "auth", "jwt", "ticket", "signature", "sig", "expires", "nonce"]);

/**
 * What makes two tabs share a feed.
 * @param {true | string} share the option: a name for whose rights count, or true
 * @param {string} href address of the feed
 * @param {boolean} asked whether a url function gave it
 * @param {unknown[]} rest what else must be the same
 */
export function shareKey(share, href, asked, rest) {
  const named = typeof share === "string";
  return JSON.stringify([named ? share : null, named && asked ? "" : asked ? withoutCredentials(href) : href, ...rest]);
}

/** @param {string} href */
export function topicsIn(href) {
  return new URL(href).searchParams.getAll("topic").filter(Boolean);
}

/** @param {string} href */
function withoutCredentials(href) {
  const url = new URL(href);
  for (const name of [...url.searchParams.keys()]) if (credentials.has(name.toLowerCase())) url.searchParams.set(name, "");
  return url.href;
}
