import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { clientID } from "./client-id.js";
import { engineStart, eventDelivered } from "./engine-start.js";

const pageWide = Symbol.for("wakesocket.client");
let listeners;

/** A tab's storage, and the copy that a duplicated tab gets. */
function storage(items = new Map()) {
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => items.set(key, value),
    removeItem: (key) => items.delete(key),
    copy: () => storage(new Map(items)),
  };
}

/** The next page: a fresh global object as far as the id is concerned. */
function load(sessionStorage) {
  delete globalThis[pageWide];
  listeners = {};
  globalThis.sessionStorage = sessionStorage;
}

beforeEach(() => {
  globalThis.addEventListener = (type, listener) => (listeners[type] = listener);
});
afterEach(() => {
  delete globalThis.sessionStorage;
  delete globalThis.addEventListener;
  delete globalThis[pageWide];
});

test("one page has one id of 16 hexadecimal digits", () => {
  load(storage());
  const id = clientID();
  assert.match(id, /^[0-9a-f]{16}$/);
  assert.equal(clientID(), id);
});

test("a reload keeps the id", () => {
  const tab = storage();
  load(tab);
  const id = clientID();
  listeners.pagehide({ persisted: false });
  load(tab);
  assert.equal(clientID(), id);
});

test("a tab copied from an open page gets an id of its own", () => {
  const tab = storage();
  load(tab);
  const first = clientID();
  listeners.pagehide({ persisted: false });
  load(tab); // reloaded, so the id has been in the storage
  assert.equal(clientID(), first);
  load(tab.copy());
  assert.notEqual(clientID(), first);
});

test("a page that comes back from the cache takes its id out of the storage again", () => {
  const tab = storage();
  load(tab);
  const first = clientID();
  listeners.pagehide({ persisted: true });
  listeners.pageshow({ persisted: true });
  load(tab.copy());
  assert.notEqual(clientID(), first);
});

test("the first show of a page is no return", () => {
  const tab = storage();
  load(tab);
  clientID();
  tab.setItem("wakesocket.client", "left by another page");
  listeners.pageshow({ persisted: false });
  assert.equal(tab.getItem("wakesocket.client"), "left by another page");
});

test("without a storage there is an id all the same", () => {
  for (const forbidden of [
    undefined,
    {
      getItem() {
        throw new Error("SecurityError");
      },
      setItem() {
        throw new Error("SecurityError");
      },
    },
  ]) {
    load(forbidden);
    assert.match(clientID(), /^[0-9a-f]{16}$/);
    listeners.pagehide({ persisted: false });
  }
});

test("a page that has changed the prototype of all objects has an id all the same", () => {
  load(storage());
  Object.prototype.get = () => "theirs";
  try {
    assert.match(clientID(), /^[0-9a-f]{16}$/);
  } finally {
    delete Object.prototype.get;
  }
});

/** A page that was opened in this way, and whether it asked the storage before it had an id. */
function opened(t, { type = "navigate", referrer = "", from = null, first = false }) {
  const tab = storage();
  load(tab);
  tab.setItem("wakesocket.client", "left");
  const values = {
    performance: { getEntriesByType: (kind) => (kind === "navigation" ? [{ type }] : []) },
    document: { referrer },
    navigation: { activation: { from } },
    origin: "https://h",
    [Symbol.for("wakesocket.first")]: first || undefined,
  };
  for (const key of Reflect.ownKeys(values)) {
    const old = Object.getOwnPropertyDescriptor(globalThis, key);
    Object.defineProperty(globalThis, key, { value: values[key], configurable: true, writable: true });
    t.after(() => (old ? Object.defineProperty(globalThis, key, old) : delete globalThis[key]));
  }
  return { asked: clientID() === "left", tab };
}

test("the id comes from the storage where a page of this site was before", (t) => {
  for (const [what, want, page] of [
    ["a reload", true, { type: "reload" }],
    ["back and forth", true, { type: "back_forward" }],
    ["a link of this site", true, { referrer: "https://h/other?x=1" }],
    ["the address of this site alone", true, { referrer: "https://h" }],
    ["a link of this site, whose policy tells no referrer", true, { from: {} }],
    ["a connection that the head has opened", true, { first: true }],
    ["an address that was typed", false, {}],
    ["a link of another site", false, { referrer: "https://h.example/" }],
  ]) {
    assert.equal(opened(t, page).asked, want, what);
  }
});

test("an id that was left and is not used goes out of the storage soon", async (t) => {
  const { asked, tab } = opened(t, {});
  assert.equal(asked, false);
  assert.equal(tab.getItem("wakesocket.client"), "left");
  eventDelivered();
  await engineStart();
  await new Promise(setImmediate);
  assert.equal(tab.getItem("wakesocket.client"), null);
});
