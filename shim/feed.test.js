import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeSockets, fakeTasks } from "./testing/fake-socket.js";
import { pageGlobals } from "./testing/page-globals.js";
import { serve } from "./testing/serve.js";
import "./testing/wasm-exec.js";

const run = fakeTasks();
const { Feed } = await import("./feed.js");
const { registry } = await import("./registry.js");

const settle = () => new Promise(setImmediate);

/** Polls until the condition holds. */
async function until(what, condition) {
  for (const deadline = performance.now() + 10_000; ; await new Promise((resolve) => setTimeout(resolve, 5))) {
    const value = condition();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`${what} did not come`);
  }
}

/** A page with sockets that the test moves, and the real client.wasm. */
async function page(t) {
  const site = await serve(t);
  const sockets = fakeSockets(t);
  const { listeners, items } = pageGlobals(t, undefined, "https://h/app/");
  const log = [];
  const feeds = [];
  t.after(() => feeds.forEach((feed) => feed.close()));
  const open = (url = "/feed", options = {}) => {
    const feed = new Feed(url, { wasmURL: site.href, client: "c", onError: (error) => log.push(`error ${error.code}`), ...options });
    feeds.push(feed);
    feed.addEventListener("state", ({ detail }) => log.push(detail.cause ? `${detail.name}: ${detail.cause}` : detail.name));
    feed.addEventListener("gap", ({ detail }) => log.push(`gap ${detail.reason}`));
    feed.subscribe((event) => log.push(`event ${event.id}`));
    return feed;
  };
  /** The newest socket opens and its feed says hello. */
  const greet = async (hello = {}) => {
    const socket = await until("a socket", () => sockets.at(-1)?.readyState === 0 && sockets.at(-1));
    socket.open();
    socket.receive({ wakesocket: "hello", resumed: true, at: "e-1", live: true, heartbeat: 0, spread: 0, ...hello });
    run();
    return socket;
  };
  const receive = (socket, data) => {
    socket.receive(data);
    run();
  };
  const leave = (persisted) => listeners.dispatchEvent(Object.assign(new Event("pagehide"), { persisted }));
  const comeBack = () => listeners.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  return { site, sockets, log, open, greet, receive, items, leave, comeBack };
}

test("from the address to the callback", async (t) => {
  const { log, open, greet, receive } = await page(t);
  const feed = open("/feed", { after: "e-1", topics: ["cpu"] });
  assert.deepEqual([feed.state.name, feed.state.lag, feed.cursor], ["connecting", 0, "e-1"]);
  const socket = await greet();
  assert.equal(socket.href, "wss://h/feed?wakesocket=1&after=e-1&client=c&topic=cpu");
  await until("ready", () => feed.state.name === "live");
  await feed.ready;
  const cpu = [];
  const end = feed.subscribe("cpu", (event) => cpu.push(event.data));
  receive(socket, [
    { id: "e-2", topic: "cpu", data: 1 },
    { id: "e-3", topic: "mem" },
  ]);
  end();
  receive(socket, { id: "e-4", topic: "cpu", data: 2 });
  assert.deepEqual(log, ["live", "event e-2", "event e-3", "event e-4"]);
  assert.deepEqual(cpu, [1]);
  assert.equal(feed.cursor, "e-4");
  assert.ok(feed.state.lastEventAt > 0);
});

test("the state is frozen, has only what is documented, and is new when it changed", async (t) => {
  const { open, greet, receive } = await page(t);
  const feed = open();
  const before = feed.state;
  assert.equal(feed.state, before);
  const socket = await greet();
  assert.notEqual(feed.state, before);
  assert.throws(() => (feed.state.name = "stopped"), TypeError);
  assert.deepEqual(Object.keys(feed.state), [
    "name",
    "since",
    "attempt",
    "retryAt",
    "cause",
    "lastEventAt",
    "rtt",
    "lag",
    "snapshot",
    "unguarded",
    "shared",
    "unshared",
  ]);
  const live = feed.state;
  receive(socket, "pong");
  assert.notEqual(feed.state, live);
  assert.ok(feed.state.rtt >= 0);
});

test("send is false until live, and after", async (t) => {
  const { open, greet } = await page(t);
  const feed = open();
  assert.equal(feed.send({ a: 1 }), false);
  const socket = await greet();
  assert.equal(feed.send({ a: 1 }), true);
  assert.ok(socket.sent.includes('{"a":1}'));
  assert.throws(() => feed.send(undefined), /a undefined cannot be written as JSON/);
  feed.close();
  assert.equal(feed.send({ a: 1 }), false);
});

test("send is false while the connection is checked", async (t) => {
  const { open, greet } = await page(t);
  const feed = open();
  const socket = await greet();
  feed.reconnect(); // probes a connection that looks alive
  assert.equal(feed.state.name, "checking");
  assert.equal(feed.send({ a: 1 }), false);
  assert.ok(!socket.sent.includes('{"a":1}'));
});

test("tabs with a url function share by a name only", async (t) => {
  const { open } = await page(t);
  assert.throws(() => open(() => "/feed", { share: true }), /url function.*share must be a name/);
});

test("topics change in place", async (t) => {
  const { open, greet } = await page(t);
  const feed = open("/feed", { topics: ["a"] });
  const socket = await greet();
  feed.setTopics(["b"]);
  await settle();
  assert.ok(socket.sent.includes('{"wakesocket":"topics","topics":["b"]}'));
  assert.throws(() => feed.setTopics("b"), TypeError);
});

test("close stops, rejects ready, and reconnect goes on from the cursor", async (t) => {
  const { log, open, greet, receive } = await page(t);
  const feed = open();
  const early = open();
  early.close();
  await assert.rejects(early.ready, { code: "closed" });
  const socket = await greet({ at: "e-0" });
  receive(socket, { id: "e-9" });
  feed.close();
  assert.equal(socket.closed, 1000);
  assert.equal(feed.state.name, "stopped");
  feed.reconnect();
  const next = await greet();
  assert.match(next.href, /after=e-9/);
  assert.deepEqual(log.slice(-2), ["connecting", "live"]);
});

test("a feed that is opened again counts again for the page", async (t) => {
  const { open } = await page(t);
  const [first, second] = [open(), open()];
  first.close();
  assert.deepEqual(registry().feeds, [second]);
  first.reconnect();
  assert.deepEqual(registry().feeds, [second, first]);
  second.close();
  assert.deepEqual(registry().feeds, [first]);
});

test("a page that leaves closes its socket; one that comes back goes on", async (t) => {
  const { log, open, greet, receive, leave, comeBack } = await page(t);
  const feed = open();
  const socket = await greet();
  receive(socket, { id: "e-5" });
  leave(true);
  assert.equal(socket.closed, 1000);
  assert.equal(feed.state.name, "reconnecting");
  comeBack();
  const next = await greet();
  assert.match(next.href, /after=e-5/);
  assert.equal(log.at(-1), "live");
  leave(false);
  assert.equal(feed.state.name, "stopped");
});

test("the cursor survives a reload under its key", async (t) => {
  const { open, greet, receive, items } = await page(t);
  open("/feed", { persist: "key" });
  const socket = await greet();
  receive(socket, { id: "e-5" });
  assert.equal(items.get("key"), "e-5");
  assert.equal(open("/feed", { persist: "key", after: "other" }).cursor, "e-5");
});

test("gaps come in order with the events", async (t) => {
  const { log, open, greet, receive } = await page(t);
  open("/feed", { after: "e-1" });
  const socket = await greet({ resumed: false, at: "e-50", gap: { after: "e-1", earliest: "e-51", reason: "trimmed" } });
  receive(socket, { id: "e-51" });
  assert.deepEqual(
    log.filter((line) => !line.includes("connecting")),
    ["gap trimmed", "live", "event e-51"],
  );
});

test("a url function is asked for each dial, and its failure is an error", async (t) => {
  const { log, open, sockets } = await page(t);
  const contexts = [];
  const feed = open(
    (context) => {
      contexts.push(context);
      if (contexts.length === 1) throw new Error("no token");
      return "/feed?token=1";
    },
    { minReconnectDelay: 50 },
  );
  await until("the first failure", () => log.includes("error url-failed"));
  feed.reconnect();
  const socket = await until("a socket", () => sockets.at(-1));
  assert.match(socket.href, /^wss:\/\/h\/feed\?token=1&wakesocket=1/);
  assert.deepEqual(contexts.slice(0, 2), [
    { fresh: false, attempt: 0 },
    { fresh: false, attempt: 1 },
  ]);
});

test("a refusal for good fails, rejects ready, and is an error", async (t) => {
  const { log, open, greet } = await page(t);
  const feed = open();
  const socket = await greet({ live: false });
  socket.end(4403, "forbidden");
  run();
  assert.equal(feed.state.name, "failed");
  await assert.rejects(feed.ready, { code: "failed", message: /forbidden/ });
  assert.equal(log.at(-1), "error failed");
});

test("an error that nobody listens to goes to the console, once a code", async (t) => {
  const { open, greet, receive } = await page(t);
  const warned = [];
  t.mock.method(console, "warn", (error) => warned.push(error.code));
  open("/feed", { onError: undefined });
  const socket = await greet();
  receive(socket, "{");
  receive(socket, "{");
  receive(socket, "7");
  assert.deepEqual(warned, ["frame-malformed", "frame-not-an-event"]);
});

test("options that the session refuses fail the feed", async (t) => {
  const { log, open } = await page(t);
  const feed = open("/feed", { heartbeat: 1 });
  await until("the failure", () => feed.state.name === "failed");
  assert.match(feed.state.cause, /heartbeat/);
  assert.equal(log.at(-1), "error options-invalid");
});

test("what cannot be meant is refused at the call", async (t) => {
  const { open } = await page(t);
  assert.throws(() => open(7), TypeError);
  assert.throws(() => open("/feed", { topic: "x" }), TypeError);
  const feed = open();
  for (const args of [[], ["cpu"], [7, () => {}], ["cpu", "cpu"]])
    assert.throws(() => feed.subscribe(...args), /subscribe takes a function, or a topic and a function/);
});

test("topics are added and read back, and of some only the newest event comes", async (t) => {
  const { log, open, greet, receive } = await page(t);
  const feed = open("/feed", { topics: ["cpu", { match: "price.*", latest: true, every: 3_600_000 }] });
  assert.throws(() => feed.addTopics(["*"]), /no pattern/);
  assert.throws(() => feed.history({ topic: "a", limit: 0 }), /limit must be/);
  const added = feed.addTopics(["disk"], { last: 1 });
  const read = feed.history({ topic: "cpu", limit: 2 });
  const socket = await greet({ resumed: false, limits: { history: 1000 } });
  await until("live", () => feed.state.name === "live");
  const asked = await until("the requests", () => {
    const frames = socket.sent.filter((text) => text.startsWith("{")).map((text) => JSON.parse(text));
    return frames.length >= 2 && frames;
  });
  const number = (kind) => asked.find(({ wakesocket }) => wakesocket === kind).n;
  receive(socket, { wakesocket: "history", n: number("add"), events: [{ id: "e-0", topic: "disk" }], more: true });
  receive(socket, { wakesocket: "followed", n: number("add"), at: "e-1" });
  receive(socket, { wakesocket: "history", n: number("history"), events: [{ id: "e-h" }], from: "e-0", complete: true });
  assert.equal(await added, "e-1");
  assert.deepEqual(await read, { events: [{ id: "e-h" }], from: "e-0", complete: true });
  log.length = 0;
  const cursor = feed.cursor;
  assert.equal(cursor, "e-1", "earlier events move no cursor");
  for (const id of ["e-2", "e-3", "e-4"]) receive(socket, { id, topic: "price.a" });
  receive(socket, { id: "e-5", topic: "cpu" });
  assert.deepEqual(log, ["event e-2", "event e-5"]);
  const prices = [];
  feed.subscribe("price.*", (event) => prices.push(`${event.id} ${event.skipped}`));
  feed.close();
  assert.deepEqual(prices, ["e-4 1"], "the cursor is after what waits, so it is shown before the end");
});
