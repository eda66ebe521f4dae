import assert from "node:assert/strict";
import { test } from "node:test";
import { watchViolations } from "./csp.js";
import { FakeSocket, fakeSockets } from "./testing/fake-socket.js";
import { pageGlobals } from "./testing/page-globals.js";
import "./testing/wasm-exec.js";

/** The policy is watched once, for all feeds. */
let violation;
globalThis.addEventListener = (type, listener) => type === "securitypolicyviolation" && (violation = listener);
watchViolations(() => {})();
delete globalThis.addEventListener;
const { Feed } = await import("./feed.js");
const { dialFirst } = await import("./first-dial.js");

const name = Symbol.for("wakesocket.first");
const ahead = [
  ["nothing", {}],
  ["topics", { topics: ["cpu", "price.*"] }],
  ["no topics", { topics: [] }],
  ["an empty cursor", { after: "" }],
  ["a client", { client: "c&d" }],
  ["as many topics as fit, as long as fit", { topics: Array.from({ length: 16 }, (_, i) => `${i}`.padEnd(64, "x")) }],
];
const later = [
  ["a cursor", { after: "e-1" }],
  ["a saved cursor", { persist: "k" }],
  ["a snapshot", { snapshot: () => new Promise(() => {}) }],
  ["newest values", { topics: [{ match: "cpu", latest: true }] }],
  ["many topics", { topics: Array.from({ length: 1000 }, (_, i) => `topic.${i}`) }],
  ["long topics", { topics: ["x".repeat(5000)] }],
  ["one topic too many", { topics: Array.from({ length: 17 }, (_, i) => `t${i}`) }],
  ["one that is too long", { topics: ["a", "x".repeat(65)] }],
];

/** The sockets that a feed has opened when connect() returns. */
function opened(t, url, options) {
  const sockets = fakeSockets(t);
  pageGlobals(t, undefined, "https://h/app/");
  const feed = new Feed(url, { wasmURL: "data:,", onError() {}, ...options });
  t.after(() => feed.close());
  assert.equal(name in globalThis, false, "nothing is left for the next feed");
  return sockets;
}

for (const [what, options] of [...ahead, ...later]) {
  for (const url of ["/feed", "/feed?topic=a&room=1#x", "wss://other/"]) {
    test(`one socket is opened, and used: ${what}, ${url}`, (t) => {
      const sockets = opened(t, url, options);
      assert.equal(sockets.length, 1);
      assert.equal(sockets[0].closed, undefined);
      assert.equal(typeof sockets[0].onmessage, "function");
    });
  }
}

for (const [what, options] of ahead) {
  test(`it is opened before the feed is built: ${what}`, (t) => {
    const sockets = fakeSockets(t);
    const done = dialFirst("wss://h/feed", options, "c", true);
    assert.equal(sockets.length, 1);
    done();
    assert.equal(sockets[0].closed, 1000, "nobody took it over");
  });
}

for (const [what, options, online = true] of [...later, ["shared tabs", { share: true }], ["no network", {}, false]]) {
  test(`it is left to the session: ${what}`, (t) => {
    const sockets = fakeSockets(t);
    dialFirst("wss://h/feed", options, "c", online)();
    assert.equal(sockets.length, 0);
  });
}

test("it is left to the session where the page's policy is known to forbid it", (t) => {
  const sockets = fakeSockets(t);
  violation({ disposition: "enforce", effectiveDirective: "connect-src", blockedURI: "wss://forbidden/", originalPolicy: "connect-src 'self'" });
  dialFirst("wss://forbidden/feed", {}, "c", true)();
  assert.equal(sockets.length, 0);
  dialFirst("wss://allowed/feed", {}, "c", true)();
  assert.equal(sockets.length, 1);
});

test("a function is asked by the session", (t) => {
  const sockets = fakeSockets(t);
  dialFirst(() => "wss://h/feed", {}, "c", true)();
  assert.equal(sockets.length, 0);
});

test("the socket of the page's head is left alone", (t) => {
  const sockets = fakeSockets(t);
  const first = (globalThis[name] = { socket: new FakeSocket("wss://h/feed"), messages: [] });
  t.after(() => delete globalThis[name]);
  dialFirst("wss://h/feed", {}, "c", true)();
  assert.equal(sockets.length, 1);
  assert.equal(globalThis[name], first);
});

test("a browser that refuses the address is found out by the dial", (t) => {
  fakeSockets(t);
  dialFirst("wss://refused/feed", {}, "c", true)();
  assert.equal(name in globalThis, false);
});

test("a WebSocket that the page has replaced need not tell its url", (t) => {
  fakeSockets(t);
  const sockets = [];
  globalThis.WebSocket = class extends FakeSocket {
    constructor(href) {
      super(href);
      delete this.url;
      sockets.push(this);
    }
  };
  pageGlobals(t, undefined, "https://h/app/");
  const feed = new Feed("/feed", { wasmURL: "data:,", onError() {} });
  t.after(() => feed.close());
  assert.equal(sockets.length, 1);
});
