// @ts-check
// Pages with require-trusted-types-for 'script' refuse the address of a worker's
// script as a string. It has to come from a policy that the page allows by name.

const name = "wakesocket";

/** @type {{createScriptURL(href: string): unknown} | undefined} */
let policy;

/**
 * @param {string} href of a script of ours
 * @returns {{href: string, forbidden: string}} the address as the page wants it; forbidden says what to do when the page refuses it
 */
export function trustedURL(href) {
  const { trustedTypes } = /** @type {any} */ (globalThis);
  try {
    policy ??= trustedTypes?.createPolicy(name, { createScriptURL: (/** @type {string} */ url) => url });
  } catch {
    return { href, forbidden: `add ${name} to trusted-types in the page's Content-Security-Policy` };
  }
  return { href: policy ? /** @type {string} */ (policy.createScriptURL(href)) : href, forbidden: "" };
}
