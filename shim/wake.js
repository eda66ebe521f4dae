// @ts-check
import { ask } from "./environment.js";

/**
 * What the page notices about itself and its machine.
 * @typedef {object} Watcher
 * @property {(type: "wake" | "network") => void} wake
 * @property {(on: boolean) => void} visible
 * @property {(on: boolean) => void} online
 * @property {(kept: boolean) => void} leave the page is going; kept: it may come back
 */

/**
 * Listens to every sign that time may have passed unseen. Browsers give some of
 * them, in no certain order, or none; the session takes any. A worker has fewer.
 * @param {Watcher} watcher
 * @returns {() => void} ends it
 */
export function watchPage(watcher) {
  /** @type {(() => void)[]} */
  const adds = [];
  /** @type {(() => void)[]} */
  const ends = [];
  /**
   * @param {EventTarget | undefined} target
   * @param {string} type
   * @param {(event: any) => void} listener
   */
  const on = (target, type, listener) => {
    adds.push(() => target?.addEventListener?.(type, listener));
    ends.push(() => target?.removeEventListener?.(type, listener));
  };

  const { document } = globalThis;
  on(document, "visibilitychange", () => watcher.visible(ask(() => document.visibilityState === "visible") !== false));
  on(document, "resume", () => watcher.wake("wake"));
  on(globalThis, "focus", () => watcher.wake("wake"));
  on(globalThis, "online", () => watcher.online(true));
  on(globalThis, "offline", () => watcher.online(false));
  const connection = ask(() => /** @type {{connection?: EventTarget}} */ (navigator).connection);
  on(connection, "change", () => watcher.wake("network"));
  on(globalThis, "pageshow", (/** @type {PageTransitionEvent} */ event) => {
    if (event.persisted) watcher.wake("wake");
  });
  on(globalThis, "pagehide", (/** @type {PageTransitionEvent} */ event) => {
    watcher.leave(event.persisted);
  });
  const listen = () => {
    for (const add of adds) add(); // without effect for a listener that is there
  };
  listen();
  if (document && "MutationObserver" in globalThis) {
    // document.open() removes the listeners of the page, and replaces its root.
    const observer = new MutationObserver(listen);
    observer.observe(document, { childList: true });
    ends.push(() => observer.disconnect());
  }
  return () => {
    for (const end of ends) end();
  };
}
