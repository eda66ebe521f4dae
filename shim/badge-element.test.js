import assert from "node:assert/strict";
import { test } from "node:test";
import { defineBadge } from "./badge-element.js";
import { Registry } from "./registry.js";
import { FakeFeed, dom } from "./testing/dom.js";

const wall = 1_800_000_000_000;

function setup(t, html = "<wakesocket-badge></wakesocket-badge>", define = defineBadge) {
  const window = dom(t, html);
  const time = { mono: 5000, wall };
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.mock.method(performance, "now", () => time.mono);
  t.mock.method(Date, "now", () => time.wall);
  const page = new Registry();
  define(page, window);
  const { document } = window;
  const badge = document.querySelector("wakesocket-badge");
  const part = (name) => badge.shadowRoot.querySelector(`[part=${name}]`);
  return {
    window,
    document,
    page,
    badge,
    part,
    feed() {
      const feed = new FakeFeed();
      page.add(feed);
      return feed;
    },
    /** What a person reads. */
    text: () =>
      ["label", "cause", "detail"]
        .map((name) => part(name).textContent)
        .concat(part("retry").hidden ? "" : `[${part("retry").textContent}]`)
        .filter(Boolean)
        .join(" | "),
    pass(ms, feeds = []) {
      time.mono += ms;
      time.wall += ms;
      for (const feed of feeds) {
        if (feed.age !== null) feed.age += ms;
        for (const topic of Object.values(feed.topics)) if (topic.age !== null) topic.age += ms;
      }
      t.mock.timers.tick(ms);
    },
    setWall: (ms) => (time.wall += ms),
  };
}

test("the badge shows the state of the page's feed, and the age of the newest data", (t) => {
  const { badge, feed, text, pass } = setup(t);
  const main = feed();
  assert.equal(badge.getAttribute("state"), "connecting");
  assert.equal(text(), "Connecting");
  main.age = 2100;
  main.is("live");
  assert.equal(badge.getAttribute("state"), "live");
  assert.equal(text(), "Live | 2 s ago");
  pass(899, [main]);
  assert.equal(text(), "Live | 2 s ago");
  pass(1, [main]);
  assert.equal(text(), "Live | 3 s ago");
  pass(100_000, [main]);
  assert.equal(text(), "Live | 1 min ago");
  main.is("offline", { cause: "closed" });
  pass(400, [main]);
  assert.equal(badge.getAttribute("state"), "offline");
  assert.equal(text(), "Offline | data 1 min old | [Retry]");
  assert.equal(badge.title, "closed");
  assert.equal(main.reconnects, 0);
  badge.shadowRoot.querySelector("button").click();
  assert.equal(main.reconnects, 1);
});

test("a state that needs no hand has no button", (t) => {
  const { feed, text, pass, badge } = setup(t);
  const main = feed();
  for (const [name, button] of [
    ["connecting", false],
    ["checking", false],
    ["reconnecting", true],
    ["stopped", true],
    ["offline", true],
    ["failed", true],
  ]) {
    main.is(name);
    pass(400);
    assert.equal(text().endsWith("[Retry]"), button, name);
    assert.equal(badge.getAttribute("state"), name);
  }
});

test("a feed that failed says why", (t) => {
  const { feed, text, badge } = setup(t);
  feed().is("failed", { cause: "closed with 4403" });
  assert.equal(text(), "Failed | closed with 4403 | [Retry]");
  assert.equal(badge.title, "closed with 4403");
});

test("the countdown does not change when the clock is set", (t) => {
  const { feed, text, pass, setWall } = setup(t);
  feed().is("reconnecting", { retryAt: wall + 4500 });
  assert.equal(text(), "Reconnecting | retry in 5 s | [Retry]");
  setWall(-3_600_000);
  pass(501);
  assert.equal(text(), "Reconnecting | retry in 4 s | [Retry]");
  pass(4000);
  assert.equal(text(), "Reconnecting | retrying | [Retry]");
});

test("a silent topic is named, with the age of its data", (t) => {
  const { badge, feed, text, pass } = setup(t);
  const main = feed();
  main.age = 0;
  main.is("live").hears("mem", false, 0);
  main.hears("cpu", true, 12_000);
  assert.equal(text(), "Stale | cpu silent | data 10 s old");
  assert.equal(badge.getAttribute("state"), "live");
  assert.equal(badge.hasAttribute("stale"), true);
  pass(2999, [main]);
  assert.equal(text(), "Stale | cpu silent | data 10 s old");
  pass(1, [main]);
  assert.equal(text(), "Stale | cpu silent | data 15 s old");
  main.hears("mem", true, 50_000);
  assert.equal(text(), "Stale | mem, cpu silent | data 50 s old");
  main.hears("mem", false).hears("cpu", false);
  assert.equal(text(), "Live | 3 s ago");
  assert.equal(badge.hasAttribute("stale"), false);
  main.hears("disk", true, null);
  assert.equal(text(), "Stale | disk silent");
});

test("events that wait for the page are shown", (t) => {
  const { feed, text } = setup(t);
  feed().is("live", { lag: 12 });
  assert.equal(text(), "Stale | 12 events wait");
});

test("a feed without an engine is shown as unguarded, with the reason in the title", (t) => {
  const { badge, feed, text } = setup(t);
  const main = feed().is("live", { unguarded: "client.wasm cannot be loaded" });
  assert.equal(text(), "Live | unguarded");
  assert.equal(badge.getAttribute("title"), "client.wasm cannot be loaded");
  assert.equal(badge.hasAttribute("unguarded"), true);
  main.is("live", { unguarded: "" });
  assert.equal(text(), "Live");
  assert.equal(badge.getAttribute("title"), "");
  assert.equal(badge.hasAttribute("unguarded"), false);
});

test("without a feed of its own it shows the one in the worst state", (t) => {
  const { feed, badge, pass } = setup(t);
  const one = feed().is("live");
  const two = feed().is("live");
  assert.equal(badge.feed, one);
  two.is("reconnecting");
  pass(400);
  assert.equal(badge.feed, two);
  assert.equal(badge.getAttribute("state"), "reconnecting");
  two.is("stopped");
  assert.equal(badge.feed, one);
  assert.equal(badge.getAttribute("state"), "live");
  badge.feed = two;
  assert.equal(badge.feed, two);
  badge.feed = null;
  assert.equal(badge.feed, one);
});

test("a badge that was taken away listens no more, and one that comes back does again", (t) => {
  const { feed, badge, document, text, pass } = setup(t);
  const main = feed().is("live");
  badge.remove();
  assert.equal(badge.feed, null);
  main.is("failed");
  pass(5000);
  assert.equal(badge.getAttribute("state"), "live");
  document.body.append(badge);
  pass(400);
  assert.equal(text(), "Failed | [Retry]");
});

test("its words can be set, by attributes and by a property", (t) => {
  const { feed, badge, text } = setup(t, `<wakesocket-badge label-live="En direct" label-retry="Réessayer"></wakesocket-badge>`);
  const main = feed();
  main.age = 3000;
  main.is("live");
  assert.equal(text(), "En direct | 3 s ago");
  badge.setAttribute("label-live", "Direct");
  assert.equal(text(), "Direct | 3 s ago");
  badge.labels = {
    live: "unused",
    failed: "Échec",
    stale: "Ancien",
    age: (ms, current) => `${ms / 1000} s${current ? "" : "!"}`,
    silence: (topics) => `silence: ${topics}`,
  };
  assert.equal(text(), "Direct | 3 s");
  assert.equal(badge.labels.offline, "Offline");
  main.hears("cpu", true, 9000);
  assert.equal(text(), "Ancien | silence: cpu | 9 s!");
  main.is("failed");
  main.is("stopped");
  assert.equal(text(), "Stopped | 3 s! | [Réessayer]");
});

test("without a feed the badge says nothing, and a copy of shim.js that comes later can define its own", (t) => {
  const { badge, feed, window } = setup(t);
  assert.equal(badge.shadowRoot, null);
  assert.equal(badge.hasAttribute("state"), false);
  class Older extends window.HTMLElement {
    feed = null;
  }
  window.customElements.define("wakesocket-badge", Older);
  const ours = feed().is("live");
  assert.ok(badge instanceof Older);
  assert.equal(badge.feed, ours);
});

test("what a page set before the badge was defined is kept", (t) => {
  const { badge, feed, text } = setup(t);
  const shown = new FakeFeed().is("offline");
  badge.feed = shown;
  badge.labels = { offline: "Hors ligne" };
  feed().is("live");
  assert.equal(badge.feed, shown);
  assert.equal(text(), "Hors ligne | [Retry]");
  badge.feed = null;
  assert.equal(text(), "Live");
});

test("a screen reader is told of the state, not of each second", (t) => {
  const { part, feed } = setup(t);
  feed();
  assert.equal(part("status").getAttribute("role"), "status");
  assert.ok(part("status").contains(part("label")) && part("status").contains(part("cause")));
  assert.equal(part("detail").getAttribute("aria-hidden"), "true");
  assert.equal(part("dot").getAttribute("aria-hidden"), "true");
});

test("a hidden page does not count seconds; one that is shown again does at once", (t) => {
  const { feed, text, pass, window, document } = setup(t);
  const main = feed();
  main.age = 0;
  main.is("live");
  Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
  pass(1000, [main]);
  assert.equal(text(), "Live | 1 s ago");
  pass(60_000, [main]);
  assert.equal(text(), "Live | 1 s ago");
  Object.defineProperty(document, "visibilityState", { value: "visible", configurable: true });
  document.dispatchEvent(new window.Event("visibilitychange"));
  assert.equal(text(), "Live | 1 min ago");
});

test("badges that an older copy defined are given our feed, unless theirs is the one to show", (t) => {
  const theirs = new FakeFeed();
  const { feed, badge } = setup(t, undefined, (page, window) => {
    window.customElements.define(
      "wakesocket-badge",
      class extends window.HTMLElement {
        #own = null;
        first = null;
        get feed() {
          return this.#own ?? this.first;
        }
        set feed(feed) {
          this.#own = feed;
        }
      },
    );
    defineBadge(page);
  });
  const ours = feed();
  assert.equal(badge.feed, ours);
  badge.first = theirs;
  ours.is("live");
  assert.equal(badge.feed, theirs);
  ours.is("reconnecting");
  assert.equal(badge.feed, ours);
});

test("a badge that was moved to another document keeps its looks", (t) => {
  const { window, document, badge } = setup(t, "<wakesocket-badge></wakesocket-badge><iframe></iframe>", defineWithFeed);
  const other = document.querySelector("iframe").contentDocument;
  const styled = () => badge.shadowRoot.querySelectorAll("style").length;
  assert.equal(styled(), 1);
  other.body.append(badge);
  badge.shadowRoot.querySelector("style").remove(); // as browsers do it with the sheets of another document
  document.body.append(badge);
  assert.equal(styled(), 1);
  window.close();
});

function defineWithFeed(page) {
  page.add(new FakeFeed());
  defineBadge(page);
}
