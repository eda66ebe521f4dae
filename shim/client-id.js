// @ts-check
import { engineStart } from "./engine-start.js";
import { ask } from "./environment.js";
import { hasFirstSocket } from "./first-socket.js";

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
  const id = (mayBeLeft() ? take() : takeLater()) ?? randomID();
  page[pageWide] = id;
  globalThis.addEventListener?.("pagehide", () => leave(id));
  globalThis.addEventListener?.("pageshow", (event) => {
    if (/** @type {PageTransitionEvent} */ (event).persisted) take();
  });
  return id;
}

/**
 * Whether the previous page of this tab may have been one of this site. If it was not,
 * the page does not wait for the storage, which the browser loads at the first question.
 */
function mayBeLeft() {
  if (hasFirstSocket()) return true; // its address has the id
  const { document, navigation, performance } = /** @type {any} */ (globalThis);
  const fromElsewhere = ask(() => {
    const [{ type }] = performance.getEntriesByType("navigation");
    return type === "navigate" && !navigation?.activation?.from && !`${document.referrer}/`.startsWith(`${globalThis.origin}/`);
  });
  return !fromElsewhere;
}

/** An id that an earlier page left would go into the copies of this tab. */
function takeLater() {
  engineStart().then(take);
  return null;
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
