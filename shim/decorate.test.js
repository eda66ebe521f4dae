import assert from "node:assert/strict";
import { test } from "node:test";
import { decorate } from "./decorate.js";
import { registry } from "./registry.js";
import { FakeFeed, dom } from "./testing/dom.js";

test("without a document nothing happens", () => {
  decorate();
  assert.equal(registry().decorated, false);
});

test("what a page lacks costs a warning and its part, never an exception", (t) => {
  const warnings = [];
  t.mock.method(console, "warn", (text) => warnings.push(text));
  t.mock.timers.enable({ apis: ["setTimeout"] });
  registry().add(new FakeFeed());
  const lacking = ["customElements", "HTMLElement", "MutationObserver", "CSSStyleSheet", "Element"];
  for (const name of lacking) {
    const { document } = dom(t, "<p data-stale></p><wakesocket-badge></wakesocket-badge>");
    delete globalThis[name];
    registry().decorated = false;
    warnings.length = 0;
    assert.doesNotThrow(decorate, name);
    for (const warning of warnings) assert.match(warning, /^wakesocket: (\[data-stale\] marks are|<wakesocket-badge> is) off: ./);
    if (name !== "MutationObserver" && name !== "Element") assert.equal(document.querySelector("p").dataset.stale, "true", name);
    if (name !== "customElements" && name !== "HTMLElement") assert.ok(document.querySelector("wakesocket-badge").shadowRoot, name);
  }
});

test("a page is decorated once", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { document } = dom(t, "<p data-stale></p>");
  registry().decorated = false;
  decorate();
  document.querySelector("p").dataset.stale = "other";
  decorate();
  assert.equal(document.querySelector("p").dataset.staleTopic, undefined);
});
