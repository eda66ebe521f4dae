// @ts-check
import { defineBadge } from "./badge-element.js";
import { messageOf } from "./error.js";
import { registry } from "./registry.js";
import { StaleMarks } from "./stale.js";

/**
 * Defines the badge and starts the stale marks, once a page, whichever copy of
 * shim.js comes first. What fails here, in a browser or a test environment that
 * lacks something, must not keep a feed from connecting.
 */
export function decorate() {
  if (typeof document === "undefined") return;
  const page = registry();
  if (page.decorated) return;
  page.decorated = true;
  /** @type {[string, () => void][]} */
  const parts = [
    ["[data-stale] marks are off", () => new StaleMarks(page)],
    ["<wakesocket-badge> is off", () => defineBadge(page)],
  ];
  for (const [loss, start] of parts) {
    try {
      start();
    } catch (thrown) {
      console.warn(`wakesocket: ${loss}: ${messageOf(thrown)}`);
    }
  }
}
