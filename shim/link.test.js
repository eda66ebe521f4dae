import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { WakesocketError } from "./error.js";
import { Link } from "./link.js";

/** Sockets as the browser makes them, moved by the test. */
class FakeSocket {
  static OPEN = 1;
  static made = [];
  readyState = 0;
  sent = [];
  closed = undefined;
  constructor(href) {
    if (href.includes("refused")) throw new Error("refused by the browser");
    this.href = href;
    FakeSocket.made.push(this);
  }
  open() {
    this.readyState = 1;
    this.onopen?.();
  }
  send(text) {
    this.sent.push(text);
  }
  close(code) {
    this.closed = code;
  }
}

beforeEach(() => {
  FakeSocket.made = [];
  globalThis.WebSocket = FakeSocket;
  // Node's would keep the process alive; here every burst ends with a wake.
  globalThis.MessageChannel = class {
    port1 = {};
    port2 = { postMessage() {} };
  };
});
afterEach(() => delete globalThis.WebSocket);

/**
 * A link with an engine that answers from a script: the type of an input →
 * effects, or a function that gives them. Events that the script leaves out are
 * delivered.
 */
function setup(script = {}, page = {}, settings = {}) {
  const log = [];
  const calls = [];
  let died;
  const engine = {
    open(options, onDeath) {
      calls.push(`open ${options.after}`);
      died = onDeath;
      return 1;
    },
    step(_, input) {
      calls.push(Object.values(input).map(text).join(" "));
      const effects = script[input.type] ?? (input.type === "events" ? [deliver(input.ids)] : undefined);
      return typeof effects === "function" ? effects(input) : effects;
    },
    drop: () => calls.push("drop"),
  };
  const link = new Link(
    {
      url: () => "ws://h/feed?own=1",
      status: ({ name, cause }) => log.push(cause ? `${name}: ${cause}` : name),
      deliver: (events, ids, mask, cursor) => log.push(`deliver ${ids} by ${mask} up to ${cursor}`),
      moved: (cursor) => log.push(`moved ${cursor}`),
      gap: (gap) => log.push(`gap ${gap.reason}`),
      rtt: (ms) => log.push(`rtt ${ms}`),
      error: (error) => log.push(error.code),
      ...page,
    },
    { load: async () => engine, client: "c", tuning: {}, visible: true, online: true, topics: undefined, ...settings },
  );
  const frame = (socket, data) => {
    socket.onmessage({ data });
    link.wake("wake"); // whatever has arrived is handed on before a wake
  };
  return { link, log, calls, frame, die: (text) => died(new WakesocketError("engine-failed", text)) };
}

const dial = { type: "dial", generation: 1, after: "e-1", fresh: false, attempt: 0, previous: "" };
const abandon = (code) => ({ type: "abandon", generation: 1, code, reason: "" });
const deliver = (ids, mask = "1".repeat(ids.length)) => ({ type: "deliver", mask, cursor: ids.at(-1) });
const state = (name, generation = 0) => ({ type: "state", name, since: 0, attempt: 0, retryAt: -1, cause: "", generation });

/** A value of an input in a line of the log. */
const text = (value) => (Array.isArray(value) ? value.join(",") : typeof value === "object" && value ? JSON.stringify(value) : String(value));

test("a dial becomes a socket, and what happens to it becomes inputs", async () => {
  const { link, calls, frame } = setup({ start: [dial] });
  await link.start("e-1");
  const [socket] = FakeSocket.made;
  assert.equal(socket.href, "ws://h/feed?own=1&wakesocket=1&after=e-1&client=c");
  socket.open();
  frame(socket, '{"wakesocket":"hello","resumed":true,"at":"e-1","live":true,"heartbeat":1,"spread":2}');
  frame(socket, '{"id":"e-2"}');
  socket.onclose({ code: 1006, reason: "" });
  assert.deepEqual(calls, [
    "open e-1",
    "start",
    "urlReady 1",
    "opened 1",
    "hello 1 true e-1 true 1 2 null",
    "wake",
    "events 1 e-2",
    "wake",
    "closed 1 1006  false",
  ]);
});

test("an address that the browser refuses is a closed socket", async () => {
  const { link, calls } = setup({ start: [dial] }, { url: () => "ws://refused/" });
  await link.start("");
  assert.deepEqual(calls.slice(2), ["urlReady 1", "closed 1 1006 refused by the browser false"]);
});

test("an address that cannot be had is told", async () => {
  for (const url of [
    () => Promise.reject(new Error("no token")),
    () => {
      throw new Error("no token");
    },
  ]) {
    const { link, log, calls } = setup({ start: [dial] }, { url });
    await link.start("");
    await Promise.resolve();
    assert.deepEqual(calls.slice(2), ["urlFailed 1 no token"]);
    assert.deepEqual(log, ["url-failed"]);
  }
});

test("an address that comes after its dial was abandoned makes no socket", async () => {
  let resolve;
  const { link, calls } = setup({ start: [dial], tick: [], reconnect: [abandon(1000)] }, { url: () => new Promise((r) => (resolve = r)) });
  await link.start("");
  link.reconnect("");
  resolve("ws://h/");
  await Promise.resolve();
  assert.equal(FakeSocket.made.length, 0);
  assert.deepEqual(calls, ["open ", "start", "reconnect"]);
});

test("an abandoned socket is closed and not heard again", async () => {
  const { link, calls } = setup({ start: [dial], reconnect: [abandon(4000)] });
  await link.start("");
  const [socket] = FakeSocket.made;
  link.reconnect("");
  assert.equal(socket.closed, 4000);
  assert.deepEqual([socket.onopen, socket.onmessage, socket.onclose], [null, null, null]);
  assert.equal(calls.at(-1), "reconnect");
});

test("effects before a delivery come before it, and those behind it after", async () => {
  const { link, log, frame } = setup({ start: [dial], events: [state("live", 1), deliver(["a", "b"], "10"), { type: "rtt", smoothed: 5 }] });
  await link.start("");
  frame(FakeSocket.made[0], '[{"id":"a"},{"id":"b"}]');
  assert.deepEqual(log, ["live", "deliver a,b by 10 up to b", "rtt 5"]);
});

test("the whole of a burst is delivered", async () => {
  const { link, log, frame } = setup({ start: [dial] });
  await link.start("");
  frame(FakeSocket.made[0], '[{"id":"a"},{"id":"b"}]');
  assert.deepEqual(log, ["deliver a,b by 11 up to b"]);
});

test("an input from a callback waits until the effects are done", async () => {
  const order = [];
  const { link, calls } = setup(
    { start: [state("live"), { type: "rtt", smoothed: 1 }] },
    {
      status() {
        link.visible(false);
        order.push(calls.at(-1));
      },
      rtt: () => order.push("rtt"),
    },
  );
  await link.start("");
  assert.deepEqual(order, ["start", "rtt"]);
  assert.equal(calls.at(-1), "visible false");
});

test("stop leaves nothing behind, and reconnect goes on from the given cursor", async () => {
  const { link, log, calls } = setup({ start: [dial], stop: [abandon(1000), state("stopped")] });
  await link.start("e-1");
  link.stop();
  assert.equal(FakeSocket.made[0].closed, 1000);
  link.wake("wake");
  link.reconnect("e-7");
  await Promise.resolve();
  assert.deepEqual(calls, ["open e-1", "start", "urlReady 1", "stop", "drop", "open e-7", "start", "urlReady 1"]);
  assert.deepEqual(log, ["stopped", "connecting"]);
});

test("stop while the engine loads stops", async () => {
  const { link, log, calls } = setup({ start: [dial] });
  const started = link.start("");
  link.stop();
  await started;
  assert.deepEqual(log, ["stopped"]);
  assert.deepEqual(calls, []);
});

test("an engine that does not load is a failed feed, and reconnect tries again", async () => {
  let loads = 0;
  const load = async () => {
    loads++;
    throw new WakesocketError("engine-failed", "no client.wasm");
  };
  const { link, log } = setup({}, {}, { load });
  await link.start("");
  link.reconnect("");
  await new Promise(setImmediate);
  assert.equal(loads, 2);
  assert.deepEqual(log, ["failed: no client.wasm", "engine-failed", "connecting", "failed: no client.wasm", "engine-failed"]);
});

test("an engine that dies takes its sockets along", async () => {
  const { link, log, die } = setup({ start: [dial] });
  await link.start("");
  die("panic: oops");
  assert.equal(FakeSocket.made[0].closed, 1000);
  assert.deepEqual(log, ["failed: panic: oops", "engine-failed"]);
});

test("what an engine dies of is not delivered", async () => {
  const { link, log, frame, die } = setup({ start: [dial], events: () => die("panic") });
  await link.start("");
  frame(FakeSocket.made[0], '{"id":"a"}');
  assert.deepEqual(log, ["failed: panic", "engine-failed"]);
});

test("a mistake of the shim's own is a failed feed, and wedges nothing", async () => {
  const { link, log } = setup({ start: [{ ...dial, after: Symbol("no text") }] });
  await link.start("");
  assert.match(log[0], /^failed: the shim failed: /);
  link.reconnect("");
  assert.equal(log[2], "connecting");
});

test("send goes to the live socket only", async () => {
  const { link } = setup({ start: [dial], opened: [state("live", 1)] });
  await link.start("");
  assert.equal(link.send("x"), false);
  FakeSocket.made[0].open();
  assert.equal(link.send("x"), true);
  FakeSocket.made[0].readyState = 2;
  assert.equal(link.send("y"), false);
  assert.deepEqual(FakeSocket.made[0].sent, ["x"]);
});

test("topics that changed during the dial are told when it is live", async () => {
  const { link, frame } = setup({ start: [dial], hello: [state("live", 1)] }, {}, { topics: ["a"] });
  await link.start("");
  const [socket] = FakeSocket.made;
  assert.match(socket.href, /&topic=a$/);
  link.topics(["b"]);
  socket.open();
  frame(socket, '{"wakesocket":"hello","at":""}');
  assert.deepEqual(socket.sent, ['{"wakesocket":"topics","topics":["b"]}']);
});

test("a plain server gets other topics by a new address", async () => {
  const { link, calls } = setup({ start: [dial], opened: [state("live", 1)] });
  await link.start("");
  const [socket] = FakeSocket.made;
  socket.open();
  link.topics(["b"]);
  assert.equal(socket.closed, 1000);
  assert.deepEqual(socket.sent, []);
  assert.deepEqual(calls.slice(-2), ["closed 1 1000 topics false", "reconnect"]);
});

test("control frames that are none are signs of life", async () => {
  const { link, calls, frame } = setup({ start: [dial] });
  await link.start("");
  for (const text of ['{"wakesocket":"hello"}', '{"wakesocket":"position"}', '{"wakesocket":"later"}']) frame(FakeSocket.made[0], text);
  assert.deepEqual(calls.filter((call) => !call.startsWith("wake")).slice(3), ["frame 1", "frame 1", "frame 1"]);
});
