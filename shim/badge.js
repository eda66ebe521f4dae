// @ts-check
import { css } from "./badge.css.js";
import { debounceLoss } from "./debounce.js";
import { allFeeds, watchFeeds } from "./registry.js";
import { formatAge, formatCountdown } from "./format.js";

/** @typedef {import("./shim.d.ts").Feed} Feed */

/** @type {Record<string, string>} */
const labels = {
  connecting: "Connecting",
  live: "Live",
  checking: "Checking",
  reconnecting: "Reconnecting",
  offline: "Offline",
  stopped: "Stopped",
  failed: "Failed",
};
const retryable = new Set(["reconnecting", "offline", "stopped", "failed"]);

/**
 * @param {string} tag
 * @param {string} part
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} [children]
 */
function make(tag, part, attributes = {}, children = []) {
  const element = document.createElement(tag);
  element.setAttribute("part", part);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Registers <wakesocket-badge>, unless another copy of the shim has. */
export function defineBadge() {
  if (customElements.get("wakesocket-badge")) return;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);

  customElements.define(
    "wakesocket-badge",
    class extends HTMLElement {
      /** @type {Feed | null} */
      #own = null;
      /** @type {Feed | null} */
      #shownFeed = null;
      #name = "";
      #label = make("span", "label");
      #cause = make("span", "cause");
      #detail = make("span", "detail", { "aria-hidden": "true" });
      #retry = make("button", "retry", { type: "button", hidden: "" }, ["Retry"]);
      /** @type {ReturnType<typeof setInterval> | undefined} */
      #ticking;
      /** @type {(() => void) | undefined} */
      #unwatch;
      #show = debounceLoss((name) => this.#render(name));
      #onState = () => this.#look();
      #onTick = () => this.#tick();

      constructor() {
        super();
        const root = this.attachShadow({ mode: "open" });
        root.adoptedStyleSheets = [sheet];
        const dot = make("span", "dot", { "aria-hidden": "true" });
        // Only this is a live region: a reader hears "Reconnecting", not each second.
        const live = { role: "status", "aria-live": "polite", "aria-atomic": "true" };
        const status = make("span", "status", live, [this.#label, " ", this.#cause]);
        root.append(make("span", "badge", {}, [dot, status, " ", this.#detail, " ", this.#retry]));
        this.#retry.addEventListener("click", () => this.#shownFeed?.reconnect());
      }

      get feed() {
        return this.#shownFeed;
      }

      set feed(feed) {
        this.#own = feed;
        this.#bind();
      }

      connectedCallback() {
        this.#unwatch = watchFeeds(() => this.#bind());
        this.#ticking = setInterval(this.#onTick, 500);
        document.addEventListener("visibilitychange", this.#onTick);
        this.#bind();
      }

      disconnectedCallback() {
        this.#unwatch?.();
        clearInterval(this.#ticking);
        document.removeEventListener("visibilitychange", this.#onTick);
        this.#shownFeed?.removeEventListener("state", this.#onState);
        this.#shownFeed = null;
      }

      #bind() {
        const feed = this.#own ?? /** @type {Feed | undefined} */ (allFeeds()[0]) ?? null;
        if (feed !== this.#shownFeed) {
          this.#shownFeed?.removeEventListener("state", this.#onState);
          this.#shownFeed = feed;
          feed?.addEventListener("state", this.#onState);
        }
        this.#look();
      }

      #look() {
        this.#show(this.#shownFeed?.state.name ?? "connecting");
        this.#tick();
      }

      /** @param {string} name */
      #render(name) {
        this.#name = name;
        this.setAttribute("state", name);
        this.#label.textContent = labels[name];
        this.#cause.textContent = name === "failed" ? (this.#shownFeed?.state.cause ?? "") : "";
        this.#retry.hidden = !retryable.has(name);
        this.#tick();
      }

      #tick() {
        const state = this.#shownFeed?.state;
        const now = Date.now();
        /** @type {string[]} */
        const parts = [];
        if (state && state.lastEventAt !== null) parts.push(formatAge(now - state.lastEventAt, this.#name === "live"));
        if (state?.name === this.#name && state.retryAt !== null) parts.push(formatCountdown(state.retryAt - now));
        const text = parts.join(" · ");
        if (this.#detail.textContent !== text) this.#detail.textContent = text;
        const title = state?.name === this.#name ? state.cause : "";
        if (this.getAttribute("title") !== title) this.setAttribute("title", title);
      }
    },
  );
}
