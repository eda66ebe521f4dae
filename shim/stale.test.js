import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "./registry.js";
import { StaleMarks } from "./stale.js";
import { FakeFeed, dom } from "./testing/dom.js";

/** A page with marks; time passes in ms of the timers. */
function setup(t, html, { before = () => {} } = {}) {
  const window = dom(t, html);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  t.mock.method(performance, "now", () => 0);
  const page = new Registry();
  before(window);
  new StaleMarks(page);
  const { document } = window;
  return {
    window,
    document,
    page,
    feed() {
      const feed = new FakeFeed();
      page.add(feed);
      return feed;
    },
    /** What elements show, by selector. */
    shows: (...selectors) => selectors.map((selector) => document.querySelector(selector).getAttribute("data-stale")),
    async pass(ms) {
      await new Promise(setImmediate); // observers first, as in a browser
      t.mock.timers.tick(ms);
      await new Promise(setImmediate);
    },
  };
}

test("a page without a feed is left alone for a second, then it is stale", async (t) => {
  const { shows, pass } = setup(t, `<p data-stale="cpu"></p>`);
  await pass(999);
  assert.deepEqual(shows("p"), ["cpu"], "a framework may be taking over what its server rendered");
  await pass(1);
  assert.deepEqual(shows("p"), ["true"]);
});

test("the first feed begins the marks at once", async (t) => {
  const { feed, shows, document, pass } = setup(t, `<p data-stale></p>`);
  feed();
  assert.deepEqual(shows("p"), ["true"]);
  document.body.insertAdjacentHTML("beforeend", "<b data-stale></b>");
  await pass(250);
  assert.deepEqual(shows("b"), ["true"], "and goes on with the search");
});

test("an element is stale until the page is live, and when it no longer is", async (t) => {
  const { feed, shows, pass } = setup(t, `<p data-stale></p><b data-stale="false"></b>`);
  await pass(1000);
  assert.deepEqual(shows("p", "b"), ["true", "true"]);
  const main = feed();
  main.is("live");
  assert.deepEqual(shows("p", "b"), ["false", "false"], "before the page's own listeners run");
  main.is("checking");
  await pass(399);
  assert.deepEqual(shows("p"), ["false"], "a loss that heals is not shown");
  await pass(1);
  await pass(1);
  assert.deepEqual(shows("p", "b"), ["true", "true"]);
  main.is("live");
  assert.deepEqual(shows("p"), ["false"]);
});

test("an element with a topic is stale with its topic, and keeps its name", async (t) => {
  const { feed, shows, document, pass } = setup(t, `<p data-stale="cpu"></p><b data-stale data-stale-topic="mem"></b><i data-stale></i>`);
  const main = feed();
  main.is("live").hears("cpu", false);
  assert.deepEqual(shows("p", "b", "i"), ["false", "false", "false"]);
  assert.equal(document.querySelector("p").getAttribute("data-stale-topic"), "cpu");
  assert.equal(document.querySelector("i").hasAttribute("data-stale-topic"), false);
  main.hears("cpu", true);
  assert.deepEqual(shows("p", "b", "i"), ["true", "false", "true"], "silence is shown at once");
  main.hears("cpu", false);
  assert.deepEqual(shows("p", "b", "i"), ["false", "false", "false"]);
  main.is("reconnecting");
  await pass(400);
  await pass(1);
  assert.deepEqual(shows("p", "b", "i"), ["true", "true", "true"]);
});

test("an element that comes later is found", async (t) => {
  const { feed, shows, document, pass } = setup(t, "");
  feed().is("live");
  document.body.insertAdjacentHTML("beforeend", `<div><p data-stale></p><b data-stale="cpu"></b></div>`);
  await pass(250);
  assert.deepEqual(shows("p", "b"), ["false", "false"]);
});

test("what a script of the page writes into a mark is put right", async (t) => {
  const { feed, shows, document, pass } = setup(t, `<p data-stale></p>`);
  feed().is("live").hears("cpu", true);
  const p = document.querySelector("p");
  assert.deepEqual(shows("p"), ["true"]);
  p.dataset.stale = "false";
  await pass(0);
  assert.deepEqual(shows("p"), ["true"]);
  p.dataset.stale = "";
  await pass(0);
  assert.deepEqual(shows("p"), ["true"]);
  p.dataset.stale = "mem";
  await pass(0);
  assert.deepEqual(shows("p"), ["false"], "another topic");
  p.removeAttribute("data-stale");
  await pass(250);
  assert.deepEqual(shows("p"), [null]);
});

test("elements in open shadow roots, nested ones and later ones", async (t) => {
  const { feed, document, pass } = setup(t, `<div id="a"></div><section id="b"></section>`);
  const outer = document.querySelector("#a").attachShadow({ mode: "open" });
  outer.innerHTML = `<p data-stale></p><div></div>`;
  const main = feed();
  main.is("live");
  const inner = outer.querySelector("div").attachShadow({ mode: "open" });
  inner.innerHTML = `<b data-stale="cpu"></b>`;
  await pass(250);
  const late = document.querySelector("#b").attachShadow({ mode: "open" });
  late.innerHTML = `<i data-stale></i>`;
  await pass(250);
  const marks = () => [outer.querySelector("p"), inner.querySelector("b"), late.querySelector("i")].map((element) => element.dataset.stale);
  assert.deepEqual(marks(), ["false", "false", "false"]);
  main.is("offline");
  await pass(400);
  await pass(1);
  assert.deepEqual(marks(), ["true", "true", "true"]);
  for (const root of [outer, inner, late]) assert.match(root.querySelector("style").textContent, /data-stale="true"/);
  assert.equal(outer.querySelectorAll("style").length, 1);

  document.querySelector("#b").remove();
  main.is("live");
  assert.deepEqual(marks(), ["false", "false", "true"], "not in the page, so nobody sees it");
  document.body.append(late.host);
  await pass(250);
  assert.deepEqual(marks(), ["false", "false", "false"]);
});

test("a large page is searched for shadow roots a little at a time", async (t) => {
  const { feed, document, pass } = setup(t, "<p></p>".repeat(2000) + "<div></div>");
  const root = document.querySelector("div").attachShadow({ mode: "open" });
  root.innerHTML = "<b data-stale></b>";
  let now = 0;
  t.mock.method(performance, "now", () => (now += 0.2));
  feed().is("live");
  assert.equal(root.querySelector("b").dataset.stale, "", "not within the first millisecond");
  let searches = 0;
  for (; root.querySelector("b").dataset.stale !== "false" && searches < 20; searches++) await pass(1000);
  assert.ok(searches > 1 && searches < 20, `${searches} searches`);
});

test("a page without a feed is not searched again and again", async (t) => {
  const { document, pass, feed, shows } = setup(t, "");
  await pass(1000);
  document.body.insertAdjacentHTML("beforeend", "<p data-stale></p>");
  await pass(10_000);
  assert.deepEqual(shows("p"), [""]);
  feed();
  assert.deepEqual(shows("p"), ["true"]);
});

test("searches take no more than one part in a hundred of the time", async (t) => {
  const { document, feed, pass, shows } = setup(t, "");
  let now = 0;
  t.mock.method(performance, "now", () => (now += 5)); // a slow page
  feed().is("live");
  const add = () => document.body.insertAdjacentHTML("afterbegin", "<p data-stale></p>");
  add();
  await pass(999);
  assert.deepEqual(shows("p"), [""]);
  await pass(1500);
  assert.deepEqual(shows("p"), ["false"]);
});

/** As a copy of shim.js from before there was a registry marks elements. */
function oldCopy(document, MutationObserver) {
  let stale = "true";
  document.adoptedStyleSheets = [...(document.adoptedStyleSheets ?? []), { cssRules: [{ selectorText: ":where([data-stale])" }] }];
  const mark = (element) => {
    if (element.getAttribute("data-stale") !== stale) element.setAttribute("data-stale", stale);
  };
  const markAll = () => document.querySelectorAll("[data-stale]").forEach(mark);
  markAll();
  let answers = 0;
  new MutationObserver((records) => {
    if (++answers > 1000) throw new Error("the copies write for ever");
    for (const { target } of records) mark(target);
  }).observe(document, { subtree: true, attributeFilter: ["data-stale"] });
  return {
    answers: () => answers,
    says(value) {
      stale = value;
      markAll();
    },
  };
}
const settle = async (pass) => {
  for (let i = 0; i < 5; i++) await pass(1);
};

test("an older copy without a feed of its own does not make our data stale", async (t) => {
  let old;
  const { feed, shows, pass } = setup(t, "<p data-stale></p>", { before: ({ document, MutationObserver }) => (old = oldCopy(document, MutationObserver)) });
  const main = feed();
  main.is("live");
  await settle(pass);
  assert.deepEqual(shows("p"), ["false"]);
  main.is("offline");
  await pass(400);
  await settle(pass);
  assert.deepEqual(shows("p"), ["true"]);
  main.is("live");
  await settle(pass);
  assert.deepEqual(shows("p"), ["false"]);
  assert.ok(old.answers() < 50, `${old.answers()} answers`);
});

test("an older copy that is loaded later, without a feed, does not either", async (t) => {
  const { feed, shows, pass, document, window } = setup(t, "<p data-stale></p><b data-stale></b>");
  feed().is("live");
  await settle(pass);
  oldCopy(document, window.MutationObserver);
  await settle(pass);
  assert.deepEqual(shows("p", "b"), ["false", "false"]);
});

test("elements are fresh only while an older copy with a feed calls them so", async (t) => {
  const { feed, shows, pass, document, window } = setup(t, "<p data-stale></p>");
  const main = feed();
  main.is("live");
  const old = oldCopy(document, window.MutationObserver);
  await settle(pass);
  old.says("false");
  await settle(pass);
  assert.deepEqual(shows("p"), ["false"]);
  old.says("true");
  await settle(pass);
  assert.deepEqual(shows("p"), ["true"], "its data are stale");
  main.is("offline");
  await pass(400);
  old.says("false");
  await settle(pass);
  assert.deepEqual(shows("p"), ["true"], "ours are");
  main.is("live");
  await settle(pass);
  assert.deepEqual(shows("p"), ["false"]);
});

test("an older copy that agreed with us and changes its mind is believed", async (t) => {
  let old;
  const { feed, shows, pass } = setup(t, "<p data-stale></p>", { before: ({ document, MutationObserver }) => (old = oldCopy(document, MutationObserver)) });
  old.says("false");
  feed().is("live");
  await settle(pass);
  assert.deepEqual(shows("p"), ["false"]);
  old.says("true");
  await settle(pass);
  assert.deepEqual(shows("p"), ["true"]);
  old.says("false");
  await settle(pass);
  assert.deepEqual(shows("p"), ["false"]);
});

test("without a feed of our own an older copy has the say", async (t) => {
  let old;
  const { shows, pass, document } = setup(t, "<p data-stale></p>", { before: ({ document, MutationObserver }) => (old = oldCopy(document, MutationObserver)) });
  old.says("false");
  await settle(pass);
  assert.deepEqual(shows("p"), ["false"]);
  document.querySelector("p").setAttribute("class", "x");
  assert.equal(document.querySelector("p").className, "x", "other attributes are none of our business");
});

test("a script that insists gets its way for the rest of a second, and nothing hangs", async (t) => {
  const { feed, shows, pass, document, window } = setup(t, "<p data-stale></p>");
  feed().is("live");
  await settle(pass);
  let writes = 0;
  const p = document.querySelector("p");
  new window.MutationObserver(() => p.dataset.stale !== "true" && writes++ < 500 && (p.dataset.stale = "true")).observe(p, { attributes: true });
  p.dataset.stale = "true";
  for (let i = 0; i < 100; i++) await pass(0);
  assert.ok(writes <= 21, `${writes} writes`);
  assert.deepEqual(shows("p"), ["true"]);
});

test("a page that stays as it is is searched more rarely, until something new is found or the user acts", async (t) => {
  const { window, feed, document, shows, pass } = setup(t, "<p data-stale></p>");
  feed().is("live");
  const begun = document.querySelectorAll;
  let searches = 0;
  document.querySelectorAll = (selector) => (searches++, begun.call(document, selector));
  const during = async (times) => {
    searches = 0;
    for (let i = 0; i < times; i++) await pass(250);
    return searches;
  };
  assert.equal(await during(16), 16, "at first");
  await during(8);
  assert.equal(await during(40), 5, "every two seconds");
  document.body.insertAdjacentHTML("beforeend", "<b data-stale></b>");
  await during(8);
  assert.deepEqual(shows("b"), ["false"]);
  const next = await during(3);
  assert.ok(next >= 2, `${next} searches after something new was found`);
  for (const type of ["click", "keydown"]) {
    await during(32);
    assert.ok((await during(8)) <= 1, `rarely, before a ${type}`);
    document.querySelector("b").dispatchEvent(new window.Event(type));
    assert.equal(await during(16), 16, `after a ${type}`);
  }
  await during(2);
  document.body.dispatchEvent(new window.Event("click"));
  assert.equal(await during(4), 4, "the user's second action puts nothing off");
});

test("an element that was moved to another document goes on, until that is gone", async (t) => {
  const { feed, document, window, pass } = setup(t, `<p data-stale></p><div></div>`);
  const main = feed();
  main.is("live");
  const frame = document.body.appendChild(document.createElement("iframe"));
  const { contentDocument: other } = frame;
  const p = document.querySelector("p");
  other.body.append(p);
  await pass(250);
  main.is("stopped");
  await pass(400);
  await pass(1);
  assert.equal(p.getAttribute("data-stale"), "true");
  assert.equal(other.adoptedStyleSheets?.length ?? other.querySelectorAll("style").length, 1, "its looks go with it");
  other.body.insertAdjacentHTML("beforeend", "<b data-stale></b>");
  main.is("connecting").is("live");
  await pass(250);
  assert.equal(p.getAttribute("data-stale"), "false");
  assert.equal(other.querySelector("b").getAttribute("data-stale"), "false");
  frame.remove();
  await pass(1000);
  main.is("stopped");
  await pass(400);
  await pass(1);
  assert.equal(p.getAttribute("data-stale"), "false", "nobody sees it");
  window.document.body.append(p);
  await pass(250);
  assert.equal(p.getAttribute("data-stale"), "true");
});

test("an element that was moved into a shadow root of another document goes on", async (t) => {
  const { feed, document, pass } = setup(t, `<p data-stale></p>`);
  const main = feed();
  main.is("live");
  const { contentDocument: other } = document.body.appendChild(document.createElement("iframe"));
  const root = other.body.attachShadow({ mode: "closed" });
  const p = document.querySelector("p");
  root.append(p);
  await pass(250);
  main.is("stopped");
  await pass(400);
  await pass(1);
  assert.equal(p.getAttribute("data-stale"), "true");
});

test("an element goes on in a closed shadow root, if it was seen before", async (t) => {
  const { feed, document, pass } = setup(t, `<p data-stale></p><div></div>`);
  const main = feed();
  main.is("live");
  const p = document.querySelector("p");
  document.querySelector("div").attachShadow({ mode: "closed" }).append(p);
  await pass(250);
  main.is("stopped");
  await pass(400);
  await pass(1);
  assert.equal(p.getAttribute("data-stale"), "true");
});

test("what changes without an event is seen at the next search", async (t) => {
  const { feed, shows, pass } = setup(t, `<p data-stale="cpu"></p>`);
  const main = feed();
  main.is("live");
  assert.deepEqual(shows("p"), ["false"]);
  main.topics.cpu = { lastEventAt: null, age: null, stale: true }; // it is not followed any more
  await pass(250);
  await pass(1);
  assert.deepEqual(shows("p"), ["true"]);
});
