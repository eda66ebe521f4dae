// @ts-check
// Tells the test everything that happens in the page, in order. `tell` is a
// binding of the browser's, so it works in a hidden tab and needs no timer.
"use strict";

/** Where the test finds things by name. @type {any} */
const page = window;

/** @param {string} kind @param {object} [detail] */
const say = (kind, detail) => page.tell(JSON.stringify({ ...detail, kind, pageTime: Date.now() }));

addEventListener("error", (e) => say("uncaught", { text: e.message }));
addEventListener("unhandledrejection", (e) => say("uncaught", { text: String(e.reason) }));
document.addEventListener("visibilitychange", () => say("page", { name: document.visibilityState }));
document.addEventListener("freeze", () => say("page", { name: "freeze" }));
document.addEventListener("resume", () => say("page", { name: "resume" }));
addEventListener("pageshow", (e) => say("page", { name: e.persisted ? "restored" : "loaded" }));
for (const name of ["online", "offline"]) addEventListener(name, () => say("page", { name }));

new PerformanceObserver(() => say("engine")).observe({ type: "mark", buffered: true });

/** The text that the badge shows a person. */
const badgeText = () => {
  const badge = document.querySelector("wakesocket-badge");
  return ((badge?.shadowRoot ?? badge)?.textContent ?? "").replace(/\s+/g, " ").trim();
};

/** Reports all that a feed does. @param {any} feed */
const watch = (feed) => {
  page.feed = feed;
  feed.addEventListener("state", (/** @type {any} */ e) => say("state", e.detail));
  feed.addEventListener("gap", (/** @type {any} */ e) => say("gap", e.detail));
  feed.addEventListener("error", (/** @type {any} */ e) => say("error", { code: e.detail.code, text: e.detail.message }));
  feed.ready.then(
    () => say("ready"),
    (/** @type {any} */ err) => say("rejected", { text: err?.message }),
  );
  feed.subscribe((/** @type {any} */ e) => say("event", { id: String(e.id), n: e.data?.n ?? e.n }));
  return feed;
};

const client = new URL("/dist/shim.js", location.href).href;

/** @param {string} url @param {object} [options] */
page.open = async (url, options) => {
  const { connect } = await import(client);
  page.connect = connect;
  watch(connect(url, options));
};

// A page that comes back opens its feed again.
const again = origin === "null" ? null : sessionStorage.getItem("open");
if (again) {
  const [url, options] = JSON.parse(again);
  page.open(url, options);
}
