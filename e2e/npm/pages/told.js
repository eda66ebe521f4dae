// What a page of these tests tells the test.
const name = location.pathname.split("/")[1];
const tell = (text) => void fetch(`/told/${name}`, { method: "POST", body: text });

addEventListener("error", ({ message }) => tell(`error: ${message}`));
addEventListener("unhandledrejection", ({ reason }) => tell(`error: ${reason}`));
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => tell(`error: ${violatedDirective} blocks ${blockedURI}`));
for (const level of ["warn", "error"]) {
  const log = console[level];
  console[level] = (...args) => {
    log(...args);
    tell(`error: ${args.join(" ")}`);
  };
}

/** Tells it as soon as the page shows it, and client.wasm is there. */
export function tellWhen(shown, what = "works") {
  const timer = setInterval(() => {
    const engine = performance.getEntriesByType("resource").some(({ name, responseEnd }) => name.includes(".wasm") && responseEnd > 0);
    if (!engine || !shown()) return;
    clearInterval(timer);
    tell(what);
  }, 50);
}
export { name, tell };
