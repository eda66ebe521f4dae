// @ts-check
// Runs as a process of its own: the shim in the imitation of a page that test
// runners offer. Arguments: the environment's name, the address of client.wasm.
import "./wasm-exec.js";
import { WebSocketServer } from "ws";

const [, , name, wasmURL] = process.argv;
const html = "<!doctype html><body><p data-stale>data</p><p data-stale=cpu>cpu</p><wakesocket-badge></wakesocket-badge></body>";

/** The window of an environment. @type {Record<string, () => Promise<any>>} */
const windows = {
  async jsdom() {
    const { JSDOM } = await import("jsdom");
    return new JSDOM(html, { url: "http://localhost/", pretendToBeVisual: true }).window;
  },
  async "happy-dom"() {
    const { Window } = await import("happy-dom");
    const window = new Window({ url: "http://localhost/" });
    window.document.write(html);
    return window;
  },
};

const window = await windows[name]();
// What Vitest and Jest do: whatever Node does not have comes from the window.
for (const key of Object.getOwnPropertyNames(window)) {
  if (!(key in globalThis)) Object.defineProperty(globalThis, key, { get: () => window[key], configurable: true });
}
for (const key of ["document", "navigator", "Event", "EventTarget", "CustomEvent", "WebSocket"]) {
  Object.defineProperty(globalThis, key, { value: window[key] ?? /** @type {any} */ (globalThis)[key], configurable: true, writable: true });
}

const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
server.on("connection", (client) => {
  client.send('{"id":"1","topic":"cpu","n":1}');
  client.on("message", (data) => String(data) === "ping" && client.send("pong"));
});
await new Promise((resolve) => server.on("listening", resolve));

const { connect } = await import("../drop-in.js");
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
const feed = connect(`ws://127.0.0.1:${port}/`, { wasmURL });
/** @type {unknown[]} */
const got = [];
feed.subscribe("cpu", (event) => got.push(event.n));
await feed.ready;
const marks = () => Array.from(document.querySelectorAll("p"), (p) => p.dataset.stale);
for (let i = 0; i < 1200 && (got.length === 0 || marks().includes("true")); i++) await new Promise((resolve) => setTimeout(resolve, 50));
const badge = document.querySelector("wakesocket-badge");
console.log(JSON.stringify({ state: feed.state.name, got, marks: marks(), badge: badge?.getAttribute("state") }));
feed.close();
process.exit();
