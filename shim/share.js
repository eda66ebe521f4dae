// @ts-check
import { Driver } from "./driver.js";
import { WakesocketError, messageOf } from "./error.js";

/** @typedef {import("./boundary.js").Page} Page */
/** @typedef {import("./boundary.js").FeedDriver} FeedDriver */
/** @typedef {import("./boundary.js").Settings} Settings */

/** @typedef {Page & {shared: (reason: string | undefined) => void}} SharingPage shared: the worker has the connection, or the reason why the tab has its own */

/**
 * A driver whose connection is in the shared worker. While what it needs is loaded,
 * something that only takes notes stands in for it; where it cannot be had, the tab
 * gets a driver of its own.
 * @param {SharingPage} page
 * @param {Settings} settings
 * @param {Pick<import("./shared.js").Link, "share" | "asks" | "client" | "wasm" | "workerURL">} link
 * @param {(driver: FeedDriver) => void} use
 * @returns {FeedDriver}
 * @throws {TypeError} when tabs of several users could share
 */
export function shareDriver(page, settings, link, use) {
  if (link.share === true && link.asks) {
    throw new TypeError("with a url function, option share must be a name for whose rights count, such as the user's id: tabs with the same name share");
  }
  let running = false;
  /** @param {FeedDriver} driver */
  const begin = (driver) => {
    use(driver);
    if (running) driver.start();
    chosen(driver);
  };
  /** @type {(driver: FeedDriver) => void} */
  let chosen = () => {};
  /** @type {Promise<FeedDriver>} */
  const choice = new Promise((resolve) => (chosen = resolve));
  /** @param {string} reason @param {string} after */
  const alone = (reason, after) => {
    const driver = new Driver(page, { ...settings, after });
    begin(driver);
    page.shared(reason);
    page.error(new WakesocketError("share-failed", `this tab connects for itself: ${reason}`));
    return driver;
  };
  import("./shared.js").then(
    ({ SharedDriver }) => {
      const driver = new SharedDriver(page, settings, {
        ...link,
        error: (code, message) => page.error(new WakesocketError(code, message)),
        joined: () => page.shared(undefined),
        alone: (reason) => {
          driver.leave();
          return alone(reason, driver.cursor);
        },
      });
      begin(driver);
    },
    (thrown) => alone(`serve shared.js beside the shim (${messageOf(thrown)})`, settings.after),
  );
  const start = () => {
    running = true;
  };
  let stops = 0;
  /**
   * @template T
   * @param {(driver: FeedDriver) => Promise<T>} ask
   */
  const later = async (ask) => {
    const before = stops;
    const driver = await choice;
    if (before !== stops) throw new WakesocketError("closed", "the feed was closed before the answer came");
    return ask(driver);
  };
  const stop = () => {
    running = false;
    stops++;
    page.status({ name: "stopped", since: Date.now(), attempt: 0, retryAt: null, cause: "" });
  };
  return {
    cursor: settings.after,
    lag: 0,
    start,
    stop,
    reconnect: start,
    resume() {},
    away() {},
    wake() {},
    visible: (on) => void (settings.visible = on),
    online: (on) => void (settings.online = on),
    send: () => false,
    topics: (topics) => void (settings.topics = topics),
    addTopics: (topics, options) => later((driver) => driver.addTopics(topics, options)),
    removeTopics: (topics) => later((driver) => driver.removeTopics(topics)),
    history: (question) => later((driver) => driver.history(question)),
  };
}
