// @ts-check
// What a copy of shim.js from before copies shared anything does to a page: it
// marks every [data-stale] element as it sees fit, answers every change by another,
// and defines the badge unless somebody has. Its feeds are the test's.
"use strict";

{
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`:where([data-stale]) { transition: opacity 0.2s } :where([data-stale="true"]) { opacity: 0.6 }`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

  let stale = "true";
  /** @param {Element} element */
  const mark = (element) => {
    if (element.getAttribute("data-stale") !== stale) element.setAttribute("data-stale", stale);
  };
  const markAll = () => document.querySelectorAll("[data-stale]").forEach(mark);
  markAll();
  new MutationObserver((records) => {
    for (const { target, type } of records) {
      if (type === "attributes") mark(/** @type {Element} */ (target));
      else markAll();
    }
  }).observe(document, { subtree: true, childList: true, attributeFilter: ["data-stale"] });

  /** @type {{state: {name: string}} | null} */
  let first = null;
  if (!customElements.get("wakesocket-badge")) {
    customElements.define(
      "wakesocket-badge",
      class extends HTMLElement {
        /** @type {any} */
        #own = null;
        get feed() {
          return this.#own ?? first;
        }
        set feed(feed) {
          this.#own = feed;
          this.textContent = this.feed?.state.name ?? "connecting";
        }
        connectedCallback() {
          this.feed = null;
        }
      },
    );
  }

  /** Its only feed is in this state. @param {string} name */
  /** @type {any} */ (globalThis).olderFeed = (name) => {
    first = { state: { name } };
    stale = String(name !== "live");
    markAll();
    for (const badge of document.querySelectorAll("wakesocket-badge")) /** @type {any} */ (badge).feed = null;
  };
}
