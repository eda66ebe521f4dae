// @ts-check
// A page in Node: jsdom's document and what the shim takes from the global scope.
import { JSDOM } from "jsdom";

const names = ["document", "customElements", "HTMLElement", "Element", "MutationObserver", "CSSStyleSheet"];

/**
 * @param {import("node:test").TestContext} t its end restores what was global before
 * @param {string} html of the body
 */
export function dom(t, html = "") {
  const { window } = new JSDOM(`<body>${html}</body>`);
  const before = Object.fromEntries(names.map((name) => [name, /** @type {any} */ (globalThis)[name]]));
  for (const name of names) /** @type {any} */ (globalThis)[name] = /** @type {any} */ (window)[name];
  t.after(() => {
    Object.assign(globalThis, before);
    window.close();
  });
  return window;
}

/** A feed as badges and marks see one, moved by the test. */
export class FakeFeed extends EventTarget {
  state = { name: "connecting", since: 0, attempt: 0, retryAt: null, cause: "", lastEventAt: null, rtt: null, lag: 0 };
  /** @type {Record<string, {lastEventAt: number | null, age: number | null, stale?: boolean}>} */
  topics = {};
  /** @type {number | null} */
  age = null;
  reconnects = 0;

  /** @param {string} name */
  is(name, more = {}) {
    this.state = { ...this.state, retryAt: null, cause: "", lag: 0, ...more, name };
    this.dispatchEvent(new Event("state"));
    return this;
  }

  /** @param {string} topic @param {boolean} stale */
  hears(topic, stale, age = 0) {
    this.topics[topic] = { lastEventAt: 1, age, stale };
    this.dispatchEvent(new Event(stale ? "stale" : "fresh"));
    return this;
  }

  /** @param {string} [topic] */
  topic(topic) {
    if (topic === undefined) {
      return { stale: this.state.name !== "live" || this.state.lag > 0 || this.staleTopics.length > 0, lastEventAt: null, age: this.age };
    }
    const known = this.topics[topic] ?? { lastEventAt: null, age: null };
    return { ...known, stale: this.state.name !== "live" || known.stale === true };
  }

  get staleTopics() {
    return Object.keys(this.topics).filter((topic) => this.topics[topic].stale);
  }

  reconnect() {
    this.reconnects++;
  }
}
