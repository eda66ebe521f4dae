import assert from "node:assert/strict";
import { test } from "node:test";
import { watchPage } from "./wake.js";

function setup(t) {
  const log = [];
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const connection = new EventTarget();
  const page = new EventTarget();
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
  return { log, all, end };
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
