// @ts-check

/**
 * What the page notices about itself and its machine.
 * @typedef {object} Watcher
 * @property {(type: "wake" | "network") => void} wake
 * @property {(on: boolean) => void} visible
 * @property {(on: boolean) => void} online
 * @property {(kept: boolean) => void} leave the page is going; kept: it may come back
 */

/**
 * Every sign that time may have passed unseen. Browsers give some of them, in no
 * certain order, or none; the session takes any.
 * @param {Watcher} watcher
 * @returns {() => void} ends it
 */
export function watchPage(watcher) {
  const ended = new AbortController();
  /**
   * @param {EventTarget | undefined} target
   * @param {string} type
   * @param {(event: any) => void} listener
   */
  const on = (target, type, listener) => target?.addEventListener(type, listener, { signal: ended.signal });

  on(document, "visibilitychange", () => watcher.visible(document.visibilityState === "visible"));
  on(document, "resume", () => watcher.wake("wake"));
  on(window, "focus", () => watcher.wake("wake"));
  on(window, "online", () => watcher.online(true));
  on(window, "offline", () => watcher.online(false));
  on(/** @type {{connection?: EventTarget}} */ (navigator).connection, "change", () => watcher.wake("network"));
  on(window, "pageshow", (/** @type {PageTransitionEvent} */ event) => {
    if (event.persisted) watcher.wake("wake");
  });
  on(window, "pagehide", (/** @type {PageTransitionEvent} */ event) => {
    watcher.leave(event.persisted);
  });
  return () => ended.abort();
}
