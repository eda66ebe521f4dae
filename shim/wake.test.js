import assert from "node:assert/strict";
import { test } from "node:test";
import { watchPage } from "./wake.js";

class Target extends EventTarget {
  #listeners = [];
  addEventListener(...listener) {
    this.#listeners.push(listener);
    super.addEventListener(...listener);
  }
  lose() {
    for (const listener of this.#listeners) this.removeEventListener(...listener);
  }
}

function setup(t) {
  const log = [];
  const document = Object.assign(new Target(), { visibilityState: "visible" });
  const connection = new Target();
  const page = new Target();
  const values = {
    document,
    navigator: { connection },
    addEventListener: page.addEventListener.bind(page),
    removeEventListener: page.removeEventListener.bind(page),
  };
  for (const [name, value] of Object.entries(values)) {
    const old = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    t.after(() => (old ? Object.defineProperty(globalThis, name, old) : delete globalThis[name]));
  }
  const end = watchPage({
    wake: (type) => log.push(type),
    visible: (on) => log.push(`visible ${on}`),
    online: (on) => log.push(`online ${on}`),
    leave: (kept) => log.push(`leave ${kept}`),
  });
  const fire = (target, type, fields = {}) => target.dispatchEvent(Object.assign(new Event(type), fields));
  /** Every sign that a browser gives. */
  const all = () => {
    fire(document, "visibilitychange");
    document.visibilityState = "hidden";
    fire(document, "visibilitychange");
    fire(document, "resume");
    fire(page, "focus");
    fire(page, "online");
    fire(page, "offline");
    fire(connection, "change");
    fire(page, "pageshow", { persisted: false });
    fire(page, "pageshow", { persisted: true });
    fire(page, "pagehide", { persisted: true });
    fire(page, "pagehide", { persisted: false });
  };
  /** As document.open() does. */
  const lose = () => {
    for (const target of [document, connection, page]) target.lose();
  };
  return { log, all, end, lose };
}

test("every sign is told", (t) => {
  const { log, all } = setup(t);
  all();
  assert.deepEqual(log, ["visible true", "visible false", "wake", "wake", "online true", "online false", "network", "wake", "leave true", "leave false"]);
});

test("after the end nothing is told", (t) => {
  const { log, all, end } = setup(t);
  end();
  all();
  assert.deepEqual(log, []);
});

test("where nothing can be listened to, nothing fails", () => {
  watchPage({})();
});

test("what document.open() has removed is listened to again, once", (t) => {
  const observers = [];
  globalThis.MutationObserver = class {
    constructor(callback) {
      this.callback = callback;
    }
    observe(target, { childList }) {
      observers.push({ target, childList, callback: this.callback });
    }
    disconnect() {
      observers.length = 0;
    }
  };
  t.after(() => delete globalThis.MutationObserver);
  const { log, end, lose, all } = setup(t);
  assert.deepEqual(
    observers.map(({ target, childList }) => [target, childList]),
    [[document, true]],
  );
  lose();
  all();
  assert.deepEqual(log, []);
  observers[0].callback();
  observers[0].callback();
  all();
  assert.equal(log.length, 10);
  end();
  assert.equal(observers.length, 0);
});
