import assert from "node:assert/strict";
import { test } from "node:test";
import { Sockets } from "./sockets.js";
import { FakeSocket, fakeSockets } from "./testing/fake-socket.js";

/** The listener that csp.js adds once, as the page's browser would call it. */
let onViolation;
globalThis.addEventListener = (type, listener) => type === "securitypolicyviolation" && (onViolation = listener);

function setup(t) {
  fakeSockets(t);
  const log = [];
  const sockets = new Sockets({
    opened: (generation) => log.push(`opened ${generation}`),
    message: (generation, data) => log.push(`message ${generation} ${data}`),
    closed: (generation, code, reason, hopeless) => log.push(`closed ${generation} ${code} ${reason}${hopeless ? " hopeless" : ""}`),
  });
  return { sockets, log, made: FakeSocket.made };
}

test("what happens to a socket is told with its generation", (t) => {
  const { sockets, log, made } = setup(t);
  sockets.dial(1, "ws://a/");
  sockets.dial(2, "ws://b/");
  assert.equal(made[0].binaryType, "arraybuffer");
  made[1].open();
  made[0].open();
  made[0].receive("x");
  made[1].receive("wakesocket+y");
  made[0].receive("wakesocket=z");
  made[1].receive("wakesocket=z");
  made[0].end(1001, "going away");
  assert.deepEqual(log, ["opened 2", "opened 1", "message 1 x", "message 2 undefined", "message 1 z", "message 2 yz", "closed 1 1001 going away"]);
});

test("text goes to an open socket only", (t) => {
  const { sockets, made } = setup(t);
  sockets.dial(1, "ws://a/");
  assert.equal(sockets.send(1, "early"), false);
  made[0].open();
  assert.equal(sockets.send(1, "x"), true);
  assert.equal(sockets.send(2, "nobody"), false);
  made[0].readyState = 2;
  assert.equal(sockets.send(1, "late"), false);
  assert.deepEqual(made[0].sent, ["x"]);
});

test("a page may have replaced WebSocket by a function without its constants", (t) => {
  const { sockets, made } = setup(t);
  globalThis.WebSocket = function (href) {
    return new FakeSocket(href);
  };
  sockets.dial(1, "ws://a/");
  assert.equal(sockets.send(1, "early"), false);
  made[0].open();
  assert.equal(sockets.send(1, "x"), true);
  assert.deepEqual(made[0].sent, ["x"]);
});

test("a socket that ended is not held", (t) => {
  const { sockets, made } = setup(t);
  sockets.dial(1, "ws://a/");
  made[0].open();
  made[0].onclose({ code: 1006, reason: "" });
  assert.equal(sockets.send(1, "x"), false);
  sockets.abandonAll();
  assert.equal(made[0].closed, undefined);
});

test("nothing comes from an abandoned socket", (t) => {
  const { sockets, log, made } = setup(t);
  sockets.dial(1, "ws://a/");
  sockets.dial(2, "ws://b/");
  sockets.abandon(1, 4000, "why");
  sockets.abandon(7, 4000, "unknown");
  assert.deepEqual([made[0].closed, made[1].closed], [4000, undefined]);
  made[0].open();
  made[0].receive("x");
  made[0].end();
  assert.deepEqual(log, []);
  sockets.abandonAll();
  assert.equal(made[1].closed, 1000);
});

test("an address that the browser refuses is hopeless", (t) => {
  const { sockets, log } = setup(t);
  sockets.dial(1, "ws://refused/");
  assert.deepEqual(log, ["closed 1 1006 refused by the browser hopeless"]);
});

const violation = { disposition: "enforce", effectiveDirective: "connect-src", originalPolicy: "script-src 'self'; connect-src 'self' https://x; img-src *" };

test("an address that the page's policy forbids is hopeless at once, and says why", (t) => {
  const { sockets, log, made } = setup(t);
  sockets.dial(1, "ws://forbidden:81/feed");
  sockets.dial(2, "ws://other:81/feed");
  onViolation({ ...violation, blockedURI: "ws://forbidden:81" });
  const want = `1006 the page's Content-Security-Policy forbids to connect to ws://forbidden:81; "connect-src 'self' https://x" does not allow it hopeless`;
  assert.deepEqual(log, [`closed 1 ${want}`]);
  assert.deepEqual([made[0].closed, made[1].closed], [1000, undefined]);
  made[0].end();
  sockets.dial(3, "ws://forbidden:81/other");
  assert.deepEqual(log.slice(1), [`closed 3 ${want}`]);
  assert.equal(made.length, 2, "no socket is made for an address that is known to be forbidden");
});

test("other violations of the policy say nothing about an address", (t) => {
  const { sockets, log } = setup(t);
  sockets.dial(1, "ws://h:81/feed");
  onViolation({ ...violation, disposition: "report", blockedURI: "ws://h:81/feed" });
  onViolation({ ...violation, effectiveDirective: "img-src", blockedURI: "ws://h:81/feed" });
  onViolation({ ...violation, blockedURI: "inline" });
  onViolation({ ...violation, blockedURI: "ws://h:82/feed" });
  assert.deepEqual(log, []);
  onViolation({ ...violation, blockedURI: "ws://h:81/feed", originalPolicy: "default-src 'self'" });
  assert.match(log[0], /"default-src 'self'" does not allow it hopeless$/);
});

test("a socket that is open, ended or abandoned is not forbidden any more", (t) => {
  const { sockets, log, made } = setup(t);
  for (const generation of [1, 2, 3]) sockets.dial(generation, "ws://g:81/feed");
  made[0].open();
  made[1].end();
  sockets.abandon(3, 1000, "");
  log.length = 0;
  onViolation({ ...violation, blockedURI: "ws://g:81/feed" });
  assert.deepEqual(log, []);
  assert.equal(made[0].closed, undefined);
});
