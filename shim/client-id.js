// @ts-check

const key = "wakesocket.client";
/** Where the id is kept while the page is open, so that all copies of the shim in one page use the same. */
const pageWide = Symbol.for("wakesocket.client");

/**
 * A random id of this tab, which survives a reload where the browser has a
 * sessionStorage.
 *
 * Browsers copy the sessionStorage when a tab is duplicated or opens another. So
 * the id is in the storage only between two pages: an open page takes it out, and
 * a tab made from an open page finds none and gets an id of its own.
 */
export function clientID() {
  const page = /** @type {{[pageWide]?: string}} */ (globalThis);
  if (page[pageWide]) return page[pageWide];
  const id = take() ?? randomID();
  page[pageWide] = id;
  globalThis.addEventListener?.("pagehide", () => leave(id));
  globalThis.addEventListener?.("pageshow", (event) => {
    if (/** @type {PageTransitionEvent} */ (event).persisted) take();
  });
  return id;
}

/** @returns {string | null} the id that the previous page of this tab left */
function take() {
  try {
    const id = sessionStorage.getItem(key);
    sessionStorage.removeItem(key);
    return id;
  } catch {
    return null; // the browser forbids it, or this is a worker
  }
}

/** @param {string} id */
function leave(id) {
  try {
    sessionStorage.setItem(key, id);
  } catch {
    // Forbidden or full: the next page of this tab gets a new id.
  }
}

function randomID() {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
