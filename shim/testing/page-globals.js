/**
 * Gives the process what a feed needs of a page, until the test ends.
 * @param {Map<string, string>} [items] of its sessionStorage
 * @param {string} [baseURI]
 */
export function pageGlobals(t, items = new Map(), baseURI = "http://h/app/") {
  const listeners = new EventTarget();
  const values = {
    document: Object.assign(new EventTarget(), { baseURI, visibilityState: "visible" }),
    navigator: { onLine: true },
    sessionStorage: { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value), removeItem: (key) => items.delete(key) },
    addEventListener: listeners.addEventListener.bind(listeners),
    removeEventListener: listeners.removeEventListener.bind(listeners),
  };
  for (const [name, value] of Object.entries(values)) {
    const old = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    t.after(() => (old ? Object.defineProperty(globalThis, name, old) : delete globalThis[name]));
  }
  return { listeners, items };
}
