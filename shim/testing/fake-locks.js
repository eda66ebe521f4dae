/**
 * Web Locks for one test, and what ends the holder of one as a crash does.
 * @returns {{names: () => string[], crash: (name: string) => void}}
 */
export function fakeLocks(t) {
  const held = new Map(); // by name: who waits for it
  const grant = (name, callback) => {
    const waiting = [];
    held.set(name, waiting);
    Promise.resolve(callback()).then(() => held.get(name) === waiting && crash(name));
  };
  const crash = (name) => {
    const [next, ...others] = held.get(name) ?? [];
    held.delete(name);
    if (!next) return;
    grant(name, next);
    held.get(name)?.push(...others);
  };
  const locks = {
    async request(name, ...rest) {
      const callback = rest.pop();
      if (!held.has(name)) return grant(name, callback);
      held.get(name).push(callback);
      rest[0]?.signal?.addEventListener("abort", () => held.set(name, held.get(name)?.filter((one) => one !== callback) ?? []));
    },
  };
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { configurable: true, value: { locks } });
  t.after(() => (before ? Object.defineProperty(globalThis, "navigator", before) : delete globalThis.navigator));
  return { names: () => [...held.keys()], crash };
}
