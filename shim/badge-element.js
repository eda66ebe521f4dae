// @ts-check
import { css } from "./badge.css.js";
import { debounceLoss } from "./debounce.js";
import { ageStep, formatAge, formatCountdown, formatLag, formatSilence } from "./format.js";
import { changes } from "./registry.js";
import { Styles } from "./styles.js";

/** @typedef {import("./shim.d.ts").Feed} Feed */
/** @typedef {import("./registry.js").Registry} Registry */

const tag = "wakesocket-badge";

const formats = { age: formatAge, countdown: formatCountdown, silence: formatSilence, lag: formatLag };

/** @type {import("./badge.d.ts").BadgeLabels} */
const english = {
  ...formats,
  connecting: "Connecting",
  live: "Live",
  stale: "Stale",
  checking: "Checking",
  reconnecting: "Reconnecting",
  offline: "Offline",
  stopped: "Stopped",
  failed: "Failed",
  unguarded: "unguarded",
  retry: "Retry",
};
const retryable = new Set(["reconnecting", "offline", "stopped", "failed"]);

/**
 * @param {string} name
 * @param {string} part
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} [children]
 */
function make(name, part, attributes = {}, children = []) {
  const element = document.createElement(name);
  element.setAttribute("part", part);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/**
 * Defines <wakesocket-badge> with the first feed of the page: without one there is
 * no state to show, and a copy of shim.js from before there was a registry, which
 * may come later, can show its own feed. Where such a copy has defined the badge
 * already, its badges are given the registry's feed.
 * @param {Registry} registry
 */
export function defineBadge(registry) {
  const elements = customElements;
  const Badge = badgeClass(registry);
  const define = () => {
    if (registry.feeds.length === 0) return;
    unwatch();
    if (!elements.get(tag)) {
      elements.define(tag, Badge);
      return;
    }
    registry.watch(() => lendFeed(registry));
    lendFeed(registry);
  };
  const unwatch = registry.watch(define);
  define();
}

/** @param {Registry} registry */
function lendFeed(registry) {
  const feed = registry.worst();
  for (const element of document.querySelectorAll(tag)) {
    const badge = /** @type {import("./badge.d.ts").WakesocketBadge} */ (element);
    // Without a feed of ours it shows the first of its own copy, if that has one.
    badge.feed = null;
    if (feed && (badge.feed === null || feed.state.name !== "live")) badge.feed = feed;
  }
}

/** @param {Registry} registry */
function badgeClass(registry) {
  const styles = new Styles(css);

  return class extends HTMLElement {
    static observedAttributes = Object.keys(english)
      .filter((key) => !(key in formats))
      .map((key) => `label-${key}`);

    /** The feed that the page set. @type {Feed | null} */
    #own = null;
    /** The feed that is shown. @type {Feed | null} */
    #feed = null;
    #labels = english;
    /** What is shown: the name of a state, or "stale". */
    #name = "";
    /** On performance.now(). @type {number | null} */
    #retryAt = null;
    #label = make("span", "label");
    #cause = make("span", "cause");
    #detail = make("span", "detail", { "aria-hidden": "true" });
    #retry = make("button", "retry", { type: "button", hidden: "" });
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #timer;
    /** @type {(() => void) | undefined} */
    #unwatch;
    #show = debounceLoss((name) => this.#render(name));
    #onState = () => this.#update();
    #onVisible = () => this.#tick();

    constructor() {
      super();
      const root = this.attachShadow({ mode: "open" });
      const dot = make("span", "dot", { "aria-hidden": "true" });
      // Only this is a live region: a screen reader says "Reconnecting", not each second.
      const live = { role: "status", "aria-live": "polite", "aria-atomic": "true" };
      const status = make("span", "status", live, [this.#label, " ", this.#cause]);
      root.append(make("span", "badge", {}, [dot, status, " ", this.#detail, " ", this.#retry]));
      this.#retry.addEventListener("click", () => this.#feed?.reconnect());
      this.#adopt("feed");
      this.#adopt("labels");
    }

    /**
     * What the page set before the badge was defined lies in the way of the property.
     * @param {"feed" | "labels"} name
     */
    #adopt(name) {
      if (!Object.prototype.hasOwnProperty.call(this, name)) return;
      const value = this[name];
      delete (/** @type {any} */ (this)[name]);
      /** @type {any} */ (this)[name] = value;
    }

    get feed() {
      return this.#feed;
    }

    set feed(feed) {
      this.#own = feed;
      this.#bind();
    }

    get labels() {
      return this.#labels;
    }

    set labels(labels) {
      this.#labels = { ...english, ...labels };
      this.#render(this.#name);
    }

    connectedCallback() {
      styles.addTo(/** @type {ShadowRoot} */ (this.shadowRoot));
      const page = this.ownerDocument;
      const unwatch = registry.watch(() => this.#bind());
      page.addEventListener("visibilitychange", this.#onVisible);
      this.#unwatch = () => {
        unwatch();
        page.removeEventListener("visibilitychange", this.#onVisible);
      };
      this.#bind();
    }

    disconnectedCallback() {
      this.#unwatch?.();
      clearTimeout(this.#timer);
      this.#listen(null);
    }

    attributeChangedCallback() {
      this.#render(this.#name);
    }

    #bind() {
      this.#listen(this.#own ?? registry.worst());
      this.#update();
    }

    /** @param {Feed | null} feed */
    #listen(feed) {
      if (feed === this.#feed) return;
      for (const type of changes) {
        this.#feed?.removeEventListener(type, this.#onState);
        feed?.addEventListener(type, this.#onState);
      }
      this.#feed = feed;
    }

    #update() {
      const state = this.#feed?.state;
      this.#retryAt = state && "retryAt" in state && state.retryAt ? performance.now() + state.retryAt - Date.now() : null;
      this.#show(state?.name === "live" && (this.#silent().length > 0 || state.lag > 0) ? "stale" : (state?.name ?? "connecting"));
      this.#tick();
    }

    #silent() {
      return this.#feed?.staleTopics ?? [];
    }

    /** @param {string} name */
    #render(name) {
      if (name === "") return;
      this.#name = name;
      this.setAttribute("state", name === "stale" ? "live" : name);
      this.toggleAttribute("stale", name === "stale");
      this.#label.textContent = this.#text(name);
      this.#retry.textContent = this.#text("retry");
      this.#retry.hidden = !retryable.has(name);
      this.#tick();
    }

    /** Brings the ages up to date, until one of them changes again. */
    #tick() {
      clearTimeout(this.#timer);
      if (this.#name === "" || !this.isConnected) return;
      const feed = this.#feed;
      const shown = this.#name === "stale" ? "live" : this.#name;
      const silent = this.#name === "stale" ? this.#silent() : [];
      const ages = silent.length > 0 ? silent.map((topic) => feed?.topic(topic).age ?? null) : [feed?.topic().age ?? null];
      const age = ages.includes(null) ? null : Math.max(.../** @type {number[]} */ (ages));
      const wait = feed?.state.name === shown && this.#retryAt !== null ? this.#retryAt - performance.now() : null;
      /** @type {string[]} */
      const parts = [];
      if (age !== null) parts.push(this.#labels.age(age, this.#name === "live"));
      if (wait !== null) parts.push(this.#labels.countdown(wait));
      setText(this.#detail, parts.join(" · "));

      const cause = feed?.state.name === shown ? feed.state.cause : "";
      const unguarded = feed?.state.unguarded ?? ""; // a feed of an older copy says nothing about it
      this.toggleAttribute("unguarded", unguarded !== "");
      if (silent.length > 0) setText(this.#cause, this.#labels.silence(silent));
      else if (this.#name === "stale") setText(this.#cause, this.#labels.lag(feed?.state.lag ?? 0));
      else if (this.#name === "failed") setText(this.#cause, cause);
      else setText(this.#cause, unguarded && this.#text("unguarded"));
      const title = cause || unguarded;
      if (this.getAttribute("title") !== title) this.setAttribute("title", title);
      this.#timer = this.ownerDocument.visibilityState === "hidden" ? undefined : setTimeout(this.#onVisible, untilChange(age, wait));
    }

    /** @param {string} key */
    #text(key) {
      return this.getAttribute(`label-${key}`) ?? /** @type {Record<string, any>} */ (this.#labels)[key];
    }
  };
}

/**
 * How many ms the words for an age and a countdown stay as they are.
 * @param {number | null} age
 * @param {number | null} wait
 */
function untilChange(age, wait) {
  const step = ageStep(age ?? 0);
  const byAge = step - ((age ?? 0) % step);
  return Math.max(20, wait === null ? byAge : Math.min(byAge, wait > 0 ? (wait % 1000) + 1 : 1000));
}

/**
 * @param {Element} element
 * @param {string} text
 */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
