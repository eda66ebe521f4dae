// @ts-check
import { debounceLoss } from "./debounce.js";
import { MarkWriter } from "./mark-writer.js";
import { OpenRoots } from "./roots.js";
import { Styles } from "./styles.js";

/** @typedef {import("./registry.js").Registry} Registry */

/** Without specificity, so that any rule of the page wins. */
const styles = new Styles(`:where([data-stale="true"]) { opacity: 0.6; filter: grayscale(1) }
:where([data-stale]) { transition: opacity 0.2s, filter 0.2s }`);

const attribute = "data-stale";
/** Names the topic of an element. It stays when data-stale shows true or false. */
const topicAttribute = "data-stale-topic";

/**
 * How many ms a page has for its first feed until it is marked without one. A
 * framework may still be taking over what its server rendered, and would find the
 * marks to be differences. It connects after that.
 */
const feedWithin = 1000;
/** ms between two searches for new elements. */
const searchEvery = 250;
/** The same after so many searches that found nothing new: most pages change because the user does something. */
const searchRarely = 2000;
const patience = 20;
const actions = ["click", "keydown"];
/** ms that one search for shadow roots may take. */
const budget = 1;
/** Searches take at most one part in so many of the time. */
const share = 100;

/**
 * Keeps every [data-stale] element of the document and its open shadow roots at
 * "true" or "false", wherever it is moved to later. An element with data-stale="cpu"
 * or data-stale-topic="cpu" is fresh while the topic cpu is, any other while all data
 * of the page are.
 *
 * New elements are searched for now and then: an observer of a whole document, of
 * its attributes even, makes changes of text anywhere in it several times slower.
 */
export class StaleMarks {
  #registry;
  #roots = new OpenRoots();
  #writer = new MarkWriter(attribute, (element) => this.#mark(element));
  /** By root, at the last search. @type {NodeListOf<Element>[]} */
  #found = [];
  /** @type {WeakSet<Element>} */
  #observed = new WeakSet();
  #observer = new MutationObserver((records) => {
    for (const { target } of records) this.#mark(/** @type {Element} */ (target));
  });
  /** What is shown, by topic; undefined: all. @type {Map<string | undefined, {stale: boolean, show: (verdict: string) => void}>} */
  #shown = new Map();
  /** Searches since something new was found. */
  #vain = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} the next search */
  #timer;
  #begun = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #marking;

  /** @param {Registry} registry */
  constructor(registry) {
    this.#registry = registry;
    registry.watch(() => this.#update());
    for (const type of actions) document.addEventListener(type, this.#onAction, { capture: true, passive: true });
    if (registry.feeds.length > 0) this.#search();
    else this.#timer = setTimeout(this.#search, feedWithin);
  }

  /** A feed changed. What follows from that is shown before the page's own listeners run. */
  #update() {
    this.#judge();
    clearTimeout(this.#marking);
    this.#marking = undefined;
    this.#vain = 0;
    if (!this.#begun || this.#timer === undefined) this.#search();
    else this.#markAll();
  }

  /** What the user asks for appears soon. */
  #onAction = () => {
    const rare = this.#vain > patience;
    this.#vain = 0;
    if (!rare || this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#search, searchEvery);
  };

  #judge() {
    for (const [topic, { show }] of this.#shown) show(this.#registry.verdict(topic));
  }

  /** Marks whatever is new, and goes on with that while the page has a feed. */
  #search = () => {
    clearTimeout(this.#timer);
    this.#begun = true;
    const begun = performance.now();
    this.#vain++;
    this.#roots.search(budget);
    this.#judge();
    this.#markAll();
    const wait = Math.max(this.#vain > patience ? searchRarely : searchEvery, share * (performance.now() - begun));
    this.#timer = this.#registry.feeds.length > 0 ? setTimeout(this.#search, wait) : undefined;
  };

  #markAll = () => {
    this.#marking = undefined;
    for (const elements of this.#found) elements.forEach((element) => this.#roots.follow(element));
    this.#found = [];
    for (const root of this.#roots.list()) {
      const elements = root.querySelectorAll(`[${attribute}]`);
      if (elements.length === 0) continue;
      this.#found.push(elements);
      elements.forEach((element) => this.#mark(element));
      styles.addTo(root);
    }
  };

  /** @param {Element} element */
  #mark(element) {
    const value = element.getAttribute(attribute);
    if (value === null) return;
    if (!this.#observed.has(element)) {
      this.#observed.add(element);
      this.#vain = 0;
      this.#observer.observe(element, { attributeFilter: [attribute] });
    }
    const marked = value === "true" || value === "false";
    // The feeds of another version are not in the registry; without one of our own we have nothing to say.
    if (marked && this.#registry.feeds.length === 0 && this.#writer.contested) return;
    if (!marked && value !== "") element.setAttribute(topicAttribute, value);
    this.#writer.write(element, this.#isStale(element.getAttribute(topicAttribute) ?? undefined));
  }

  /** @param {string | undefined} topic */
  #isStale(topic) {
    let shown = this.#shown.get(topic);
    if (!shown) {
      shown = { stale: true, show: debounceLoss((verdict) => this.#show(topic, verdict)) };
      this.#shown.set(topic, shown);
      shown.show(this.#registry.verdict(topic));
    }
    return shown.stale;
  }

  /**
   * @param {string | undefined} topic
   * @param {string} verdict
   */
  #show(topic, verdict) {
    const shown = this.#shown.get(topic);
    const stale = verdict !== "live";
    if (!shown || shown.stale === stale) return;
    shown.stale = stale;
    // Together: a loss of the connection changes all topics.
    this.#marking ??= setTimeout(this.#markAll, 0);
  }
}
