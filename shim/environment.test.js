import assert from "node:assert/strict";
import { test } from "node:test";
import { environment } from "./environment.js";
import { locks } from "./shared-presence.js";
import { watchPage } from "./wake.js";

/** Sets globals until the test ends; undefined removes one. */
function globals(t, values) {
  for (const [name, value] of Object.entries(values)) {
    const old = Object.getOwnPropertyDescriptor(globalThis, name);
    t.after(() => (old ? Object.defineProperty(globalThis, name, old) : delete globalThis[name]));
    if (value === undefined) delete globalThis[name];
    else Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
}

const page = { document: { baseURI: "https://h/app/", visibilityState: "visible" }, navigator: { onLine: true }, WebSocket: class {} };

test("a page", (t) => {
  globals(t, page);
  assert.deepEqual(environment(), { base: "https://h/app/", visible: true, online: true });
  document.visibilityState = "hidden";
  navigator.onLine = false;
  assert.deepEqual(environment(), { base: "https://h/app/", visible: false, online: false });
});

test("a page of a test, without a navigator", (t) => {
  globals(t, { ...page, navigator: undefined });
  assert.equal(environment().online, true);
});

test("what cannot be asked keeps nobody from connecting", (t) => {
  const refuse = () => {
    throw new DOMException("no", "SecurityError");
  };
  const forbidden = (target, name) => Object.defineProperty(target, name, { get: refuse });
  globals(t, { ...page, document: forbidden({ baseURI: "https://h/app/" }, "visibilityState"), navigator: forbidden({}, "onLine") });
  assert.deepEqual(environment(), { base: "https://h/app/", visible: true, online: true });
  globals(t, { navigator: new Proxy({}, { get: refuse }) });
  assert.equal(environment().online, true);
  assert.equal(locks(), undefined);
  watchPage({ wake() {}, visible() {}, online() {}, leave() {} })();
});

test("a worker is always visible", (t) => {
  globals(t, { document: undefined, WorkerGlobalScope: class {}, location: { href: "https://h/worker.js" }, navigator: { onLine: true }, WebSocket: class {} });
  assert.deepEqual(environment(), { base: "https://h/worker.js", visible: true, online: true });
});

test("Node.js gets a sentence that says what to do", (t) => {
  globals(t, { document: undefined, WebSocket: class {} });
  assert.throws(() => environment(), {
    code: "unsupported",
    message: /needs a browser's page or worker; when a page is rendered on a server, call it only in the browser/,
  });
});

test("what is missing is named", (t) => {
  globals(t, { ...page, WebSocket: undefined });
  assert.throws(() => environment(), { code: "unsupported", message: "connect() needs WebSocket, which is missing here" });
});
