// @ts-check
import { debounceLoss } from "./debounce.js";
import { allFeeds, watchFeeds } from "./registry.js";

/** Without weight, so that any rule of the page's own wins. */
const css = `:where([data-stale]) { transition: opacity 0.2s, filter 0.2s }
:where([data-stale="true"]) { opacity: 0.6; filter: grayscale(1) }`;

/**
 * Keeps every [data-stale] element at "true" or "false": one is fresh only while
 * each feed of the page is live.
 */
export function markStale() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  document.adoptedStyleSheets.push(sheet);

  let stale = "true";
  /** @param {Element} element */
  const mark = (element) => {
    if (element.getAttribute("data-stale") !== stale) element.setAttribute("data-stale", stale);
  };
  /** @param {ParentNode} root */
  const markAll = (root) => root.querySelectorAll("[data-stale]").forEach(mark);

  const show = debounceLoss((name) => {
    stale = String(name !== "live");
    markAll(document);
  });
  const look = () => {
    const feeds = allFeeds();
    show(feeds.length > 0 && feeds.every((feed) => feed.state.name === "live") ? "live" : "stale");
  };
  watchFeeds(look);
  look();

  new MutationObserver((records) => {
    for (const { target, addedNodes, type } of records) {
      if (type === "attributes") mark(/** @type {Element} */ (target));
      for (const node of addedNodes) {
        if (!(node instanceof Element)) continue;
        if (node.hasAttribute("data-stale")) mark(node);
        markAll(node);
      }
    }
  }).observe(document, { subtree: true, childList: true, attributeFilter: ["data-stale"] });
}
