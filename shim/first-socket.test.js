import assert from "node:assert/strict";
import { test } from "node:test";
import { takeFirstSocket } from "./first-socket.js";
import { Sockets } from "./sockets.js";
import { FakeSocket, fakeSockets } from "./testing/fake-socket.js";

const name = Symbol.for("wakesocket.first");

/** A page whose head has opened a socket. */
function setup(t, url = "ws://a/") {
  fakeSockets(t);
  const socket = new FakeSocket(url);
  socket.url = url;
  const messages = [];
  socket.onmessage = (event) => messages.push(event);
  globalThis[name] = { socket, messages };
  t.after(() => delete globalThis[name]);
  const log = [];
  const sockets = new Sockets({
    opened: (generation) => log.push(`opened ${generation}`),
    message: (generation, data) => log.push(`message ${generation} ${data}`),
    closed: (generation, code) => log.push(`closed ${generation} ${code}`),
  });
  return { socket, sockets, log };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test("the first dial takes over the socket of the page's head, with what it has brought", async (t) => {
  const { socket, sockets, log } = setup(t);
  socket.open();
  socket.receive("x");
  socket.receive("y");
  sockets.dial(1, "ws://a/");
  assert.equal(FakeSocket.made.length, 1);
  assert.equal(socket.binaryType, "arraybuffer");
  assert.deepEqual(log, [], "nothing is told while connect() runs");
  await settle();
  socket.receive("z");
  socket.end(1001);
  assert.deepEqual(log, ["opened 1", "message 1 x", "message 1 y", "message 1 z", "closed 1 1001"]);
});

test("it is taken over, open or not, where the page has replaced WebSocket by a function without its constants", async (t) => {
  for (const open of [false, true]) {
    const { socket, sockets, log } = setup(t);
    globalThis.WebSocket = function (href) {
      return new FakeSocket(href);
    };
    if (open) socket.open();
    sockets.dial(1, "ws://a/");
    await settle();
    assert.deepEqual([FakeSocket.made.length, log], [1, open ? ["opened 1"] : []]);
  }
});

test("a socket that is being opened is taken over, and opens later", async (t) => {
  const { socket, sockets, log } = setup(t);
  sockets.dial(1, "ws://a/");
  await settle();
  assert.deepEqual(log, []);
  socket.open();
  socket.receive("x");
  assert.deepEqual(log, ["opened 1", "message 1 x"]);
});

test("it is taken over once", (t) => {
  const { sockets } = setup(t);
  sockets.dial(1, "ws://a/");
  sockets.dial(2, "ws://a/");
  assert.equal(FakeSocket.made.length, 2);
});

test("nothing comes of it when it is abandoned at once", async (t) => {
  const { socket, sockets, log } = setup(t);
  socket.open();
  socket.receive("x");
  sockets.dial(1, "ws://a/");
  sockets.abandon(1, 1000, "");
  await settle();
  assert.deepEqual(log, []);
  assert.equal(socket.closed, 1000);
});

test("one of another address is closed, and one that ended is left", async (t) => {
  const { socket, sockets, log } = setup(t, "ws://b/");
  socket.open();
  socket.receive("x");
  sockets.dial(1, "ws://a/");
  assert.notEqual(socket.readyState, 1);
  assert.equal(socket.onmessage, null);
  assert.equal(FakeSocket.made.length, 2);
  await settle();
  assert.deepEqual(log, []);
  assert.equal(takeFirstSocket("ws://b/"), undefined, "it is forgotten");

  for (const readyState of [2, 3]) {
    const ended = setup(t);
    ended.socket.readyState = readyState;
    ended.sockets.dial(1, "ws://a/");
    assert.equal(FakeSocket.made.length, 2, `in state ${readyState}`);
  }
});
