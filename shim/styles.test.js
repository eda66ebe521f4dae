import assert from "node:assert/strict";
import { test } from "node:test";
import { Styles } from "./styles.js";
import { dom } from "./testing/dom.js";

class Sheet {
  replaceSync(css) {
    this.css = css;
  }
}

test("a root gets the sheet once, by a new list", (t) => {
  const { document } = dom(t);
  globalThis.CSSStyleSheet = Sheet;
  document.adoptedStyleSheets = Object.freeze(["theirs"]);
  const root = { ownerDocument: document, adoptedStyleSheets: Object.freeze([]) };
  const styles = new Styles("p {}");
  for (const place of [document, root, document, root]) styles.addTo(place);
  assert.equal(document.adoptedStyleSheets[0], "theirs");
  assert.equal(document.adoptedStyleSheets.length, 2);
  assert.equal(document.adoptedStyleSheets[1].css, "p {}");
  assert.deepEqual(root.adoptedStyleSheets, [document.adoptedStyleSheets[1]]);
});

test("where no sheet can be constructed, a root gets a style element once", (t) => {
  const { document } = dom(t, "<div></div>");
  const root = document.querySelector("div").attachShadow({ mode: "open" });
  for (const constructor of [
    undefined,
    class {
      constructor() {
        throw new TypeError("Illegal constructor");
      }
    },
  ]) {
    globalThis.CSSStyleSheet = constructor;
    const styles = new Styles("p {}");
    for (const place of [document, root, document, root]) styles.addTo(place);
  }
  assert.deepEqual(
    [...document.head.querySelectorAll("style")].map((style) => style.textContent),
    ["p {}", "p {}"],
  );
  assert.equal(root.querySelectorAll("style").length, 2);
});

test("where sheets can be constructed but not adopted, a root gets a style element", (t) => {
  const { document } = dom(t);
  globalThis.CSSStyleSheet = Sheet;
  new Styles("p {}").addTo(document);
  assert.equal(document.head.querySelectorAll("style").length, 1);
});

test("a root that was moved to another document gets a sheet of that one", (t) => {
  const { document } = dom(t);
  globalThis.CSSStyleSheet = Sheet;
  const theirs = class extends Sheet {};
  const other = { defaultView: { CSSStyleSheet: theirs } };
  const root = { ownerDocument: document, adoptedStyleSheets: [] };
  const styles = new Styles("p {}");
  styles.addTo(root);
  const [first] = root.adoptedStyleSheets;
  assert.ok(!(first instanceof theirs));
  Object.assign(root, { ownerDocument: other, adoptedStyleSheets: [] }); // browsers take the sheets away
  for (let i = 0; i < 2; i++) styles.addTo(root);
  assert.equal(root.adoptedStyleSheets.length, 1);
  assert.ok(root.adoptedStyleSheets[0] instanceof theirs);
  Object.assign(root, { ownerDocument: document, adoptedStyleSheets: [] });
  styles.addTo(root);
  assert.deepEqual(root.adoptedStyleSheets, [first]);
});

test("another document gets a sheet of its own window", (t) => {
  dom(t);
  globalThis.CSSStyleSheet = Sheet;
  const theirs = class extends Sheet {};
  const other = { ownerDocument: null, defaultView: { CSSStyleSheet: theirs }, adoptedStyleSheets: [] };
  new Styles("p {}").addTo(other);
  assert.ok(other.adoptedStyleSheets[0] instanceof theirs);
});

test("a style element that the page has removed comes back", (t) => {
  const { document } = dom(t);
  globalThis.CSSStyleSheet = undefined;
  const styles = new Styles("p {}");
  styles.addTo(document);
  document.head.replaceChildren();
  for (let i = 0; i < 2; i++) styles.addTo(document);
  assert.equal(document.head.querySelectorAll("style").length, 1);
});
