import assert from "node:assert/strict";
import { test } from "node:test";
import { WakesocketError } from "./error.js";
import { abandon, deliver, dial, live, setup, state } from "./testing/driver.js";

test("a dial becomes a socket at once, and what happens to it becomes inputs of the session that there is", (t) => {
  const { calls, log, sockets, load, run } = setup(t, { guarded: false });
  const [socket] = sockets;
  assert.equal(socket.href, "ws://h/feed?own=1&wakesocket=1&after=e-1&client=c");
  assert.deepEqual([calls, log], [[], ["connecting"]]);
  load();
  assert.deepEqual(calls, ["open", "adopt dialing 1 e-1"]);
  socket.open();
  socket.receive({ wakesocket: "hello", resumed: true, at: "e-1", live: true, heartbeat: 1, spread: 2 });
  socket.receive({ id: "e-2" });
  socket.receive("pong");
  socket.receive("wakesocket+[");
  socket.end();
  run();
  assert.deepEqual(calls.slice(2), ["opened 1", "hello 1 true e-1 true 1 2 ", 'events 1 ["e-2"] []', "pong 1", "frame 1", "closed 1 1006  false"]);
});

test("without an engine the page gets its events all the same, and the engine goes on after them", (t) => {
  const { driver, calls, log, sockets, load, run } = setup(t, { guarded: false });
  sockets[0].open();
  assert.deepEqual(sockets[0].sent, ["ping"]);
  sockets[0].receive({ wakesocket: "hello", resumed: true, at: "e-1", live: true });
  sockets[0].receive([{ id: "e-2" }, { id: "e-3" }]);
  run();
  assert.deepEqual(log, ["connecting", "live", "event e-2", "event e-3", "cursor e-3"]);
  assert.equal(driver.send("x"), true);
  sockets[0].receive([{ id: "e-4" }]); // has arrived, and is not read yet
  load();
  assert.deepEqual(calls, ["open", "adopt open 1 e-3"]);
  run();
  assert.equal(calls.at(-1), 'events 1 ["e-4"] []');
  assert.deepEqual(log.slice(5), ["event e-4", "cursor e-4"]);
  assert.equal(sockets.length, 1);
});

test("what the browser notices comes after the frames before it", (t) => {
  const { driver, calls, sockets, load, run } = setup(t);
  sockets[0].open();
  driver.wake("network");
  sockets[0].receive("pong");
  driver.visible(false);
  driver.online(true);
  assert.deepEqual(calls.slice(1), ["network"]);
  run();
  assert.deepEqual(calls.slice(2), ["pong 1", "visible false", "online true"]);
});

test("what the page asks for, and its leaving, waits for nothing", (t) => {
  const { driver, calls, sockets, load } = setup(t);
  sockets[0].receive({ id: "e-2" });
  driver.reconnect();
  driver.away();
  driver.stop();
  assert.deepEqual(calls, ["reconnect", "away", "stop", "drop"]);
});

test("the session starts with what the browser told before", (t) => {
  let options;
  const { driver, waiters } = setup(t, { guarded: false, settings: { tuning: { heartbeat: 5 } } });
  driver.visible(false);
  driver.online(false);
  waiters[0].ready({ open: (given) => ((options = given), 1), step() {} });
  assert.deepEqual(options, { heartbeat: 5, visible: false, online: false });
});

test("an address that the browser refuses is reported once, and closes the dial", (t) => {
  const { log, calls, load } = setup(t, {
    guarded: false,
    script: { closed: () => [], adopt: [{ ...dial, generation: 2 }] },
    page: { url: () => "ws://refused/" },
  });
  assert.deepEqual(log, ["address-refused", "connecting", "connecting: refused by the browser"]);
  load();
  assert.deepEqual(calls.slice(1), ["adopt  1 e-1", "urlReady 2", "closed 2 1006 refused by the browser true"]);
  assert.equal(log.length, 3);
});

test("an address that cannot be had is an error and an input", async (t) => {
  for (const url of [
    () => Promise.reject(new Error("no token")),
    () => {
      throw new Error("no token");
    },
  ]) {
    const { log, sockets } = setup(t, { guarded: false, page: { url } });
    await Promise.resolve();
    assert.deepEqual(log.toSorted(), ["connecting", "connecting: the url function failed: no token", "url-failed"]);
    assert.equal(sockets.length, 0);
    t.mock.timers.reset();
  }
});

test("an abandoned dial makes no socket when its address comes", async (t) => {
  let resolve;
  const { driver, calls, sockets, load } = setup(t, {
    script: { reconnect: [abandon] },
    page: { url: () => new Promise((r) => (resolve = r)) },
  });
  driver.reconnect();
  resolve("ws://h/");
  await Promise.resolve();
  assert.equal(sockets.length, 0);
  assert.deepEqual(calls, ["reconnect"]);
});

test("an abandoned socket is closed, and nothing more comes from it", (t) => {
  const { driver, sockets, load } = setup(t, { script: { reconnect: [abandon] } });
  driver.reconnect();
  assert.equal(sockets[0].closed, 4000);
  assert.deepEqual([sockets[0].onopen, sockets[0].onmessage, sockets[0].onclose], [null, null, null]);
});

test("a ping goes to its socket", (t) => {
  const { sockets, load } = setup(t, {
    script: {
      opened: [
        { type: "ping", generation: 1 },
        { type: "ping", generation: 7 },
      ],
    },
  });
  sockets[0].open();
  assert.deepEqual(sockets[0].sent, ["ping"]);
});

test("events, gaps and live come in their order; a loss and the round trip at once", (t) => {
  const { log, sockets, load, run } = setup(t, {
    script: {
      events: ({ ids }) =>
        ids[0] === "a"
          ? [state("reconnecting", 1), deliver(ids), { type: "rtt", smoothed: 5 }, { type: "gap", after: "", earliest: "", reason: "trimmed" }, live]
          : [{ ...deliver(ids), mask: "01" }],
      pong: [{ type: "moved", cursor: "told" }],
    },
  });
  sockets[0].receive([{ id: "a" }, {}]);
  sockets[0].receive("pong");
  sockets[0].receive([{ id: "c" }, { id: "d" }]);
  run();
  assert.deepEqual(log, ["reconnecting", "rtt 5", "event a", "event undefined", "gap trimmed", "live", "cursor told", "event d", "cursor d"]);
});

test("a loss is shown while events wait, and the live before it is not", (t) => {
  const { log, sockets, load, run } = setup(t, { script: { events: ({ ids }) => [deliver(ids), live], pong: [state("checking", 1)] } });
  sockets[0].receive({ id: "a" });
  sockets[0].receive("pong");
  run();
  assert.deepEqual(log, ["checking", "event a", "cursor a"]);
});

test("the times of a state are whole milliseconds", (t) => {
  const got = [];
  setup(t, { script: { adopt: [{ ...state("reconnecting"), retryAt: 7.6, attempt: 2 }] }, page: { status: (status) => got.push(status) } });
  assert.deepEqual(got.at(-1), { name: "reconnecting", since: 0, attempt: 2, retryAt: 8, cause: "", generation: 0 });
});

test("a session that failed is an error, too", (t) => {
  const { driver, log } = setup(t, { script: { wake: [{ ...state("failed"), cause: "refused" }] } });
  driver.wake("wake");
  assert.deepEqual(log, ["failed: refused", "failed"]);
});

test("an input from a callback waits until the effects are done", (t) => {
  const order = [];
  const { driver, calls, load } = setup(t, {
    script: { wake: [live, { type: "rtt", smoothed: 1 }] },
    page: {
      status({ name }) {
        if (name !== "live") return;
        driver.visible(false);
        order.push(calls.at(-1));
      },
      rtt: () => order.push("rtt"),
    },
  });
  driver.wake("wake");
  assert.deepEqual(order, ["wake", "rtt"]);
  assert.equal(calls.at(-1), "visible false");
});

test("a callback that stops gets no further event, and the cursor stays", (t) => {
  const { driver, log, calls, sockets, load, run } = setup(t, {
    page: { deliver: (event) => (log.push(event.id), event.id === "b" && driver.stop()) },
  });
  sockets[0].receive([{ id: "a" }, { id: "b" }, { id: "c" }]);
  run();
  assert.deepEqual(log, ["a", "b", "stopped", "cursor b"]);
  driver.reconnect();
  assert.match(sockets[1].href, /&after=b&/);
});

test("stop leaves nothing, and reconnect goes on from the cursor", (t) => {
  const { driver, log, calls, sockets, load, run } = setup(t, { script: { stop: [abandon, state("stopped")] } });
  sockets[0].receive({ id: "e-7" });
  run();
  driver.stop();
  driver.stop();
  assert.equal(sockets[0].closed, 4000);
  driver.wake("wake");
  driver.reconnect();
  load();
  assert.deepEqual(calls.slice(1), ["stop", "drop", "open", "adopt dialing 2 e-7"]);
  assert.deepEqual(log.slice(2), ["stopped", "connecting"]);
});

test("stop while the engine loads ends the wait", (t) => {
  const { driver, log, calls, sockets, waiters } = setup(t, { guarded: false });
  assert.equal(waiters.length, 1);
  driver.stop();
  assert.equal(waiters.length, 0);
  assert.equal(sockets[0].closed, 1000);
  assert.deepEqual([log, calls], [["connecting", "stopped"], []]);
});

test("while the engine does not load, the page is told once that nobody guards it, and signs of a wake hurry", (t) => {
  const { driver, log, calls, waiters, loader, load } = setup(t, { guarded: false });
  assert.equal(loader.hurried, 1);
  waiters[0].failed(new WakesocketError("engine-failed", "503"), 1, 5000);
  assert.deepEqual(log, ["connecting", "unguarded: 503", "engine-failed"]);
  for (const sign of [
    () => driver.wake("wake"),
    () => driver.wake("network"),
    () => driver.visible(true),
    () => driver.online(true),
    () => driver.reconnect(),
  ]) {
    const before = loader.hurried;
    sign();
    assert.equal(loader.hurried, before + 1, String(sign));
  }
  const before = loader.hurried;
  driver.visible(false);
  driver.online(false);
  assert.equal(loader.hurried, before);
  waiters[0].failed(new WakesocketError("engine-failed", "503"), 2, null);
  waiters[0].failed(new WakesocketError("engine-failed", "404"), 2, null);
  assert.deepEqual(log.slice(3), ["offline", "unguarded: 404"]);
  assert.equal(waiters.length, 1);
  load();
  assert.equal(log.at(-1), "guarded");
  assert.deepEqual(calls, ["open", "adopt dialing 1 e-1"]);
});

test("start while it runs changes nothing", (t) => {
  const { driver, calls, sockets, waiters } = setup(t);
  driver.start();
  assert.deepEqual([waiters.length, calls.length, sockets.length], [0, 0, 1]);
});

test("an engine that dies is replaced, and its events are asked for again", (t) => {
  const { log, calls, sockets, waiters, load, run, die } = setup(t, { script: { opened: [live] } });
  sockets[0].open();
  sockets[0].receive({ id: "a" });
  run();
  sockets[0].receive({ id: "b" });
  die("panic: oops");
  assert.equal(sockets[0].closed, 1000);
  assert.deepEqual(log, ["live", "event a", "cursor a", "reconnecting", "unguarded: panic: oops", "engine-failed"]);
  assert.match(sockets[1].href, /&after=a&/);
  sockets[1].open();
  sockets[1].receive([{ id: "b" }]);
  run();
  assert.deepEqual(log.slice(6), ["event b", "live", "cursor b"]);
  load();
  assert.deepEqual(calls.slice(-3), ["drop", "open", "adopt open 2 b"]);
  assert.equal(log.at(-1), "guarded");
  assert.equal(sockets.length, 2);
});

test("what an engine dies of is not delivered", (t) => {
  const { log, sockets, load, run, die } = setup(t, { script: { events: () => die("panic") } });
  sockets[0].receive({ id: "a" });
  run();
  assert.deepEqual(log, ["unguarded: panic", "engine-failed", "connecting"]);
});

test("options that the session refuses end the feed", (t) => {
  const { log, sockets, load } = setup(t, {
    guarded: false,
    open() {
      throw new WakesocketError("options-invalid", "option heartbeat is 1 ms");
    },
  });
  load();
  assert.deepEqual(log.slice(1), ["failed: option heartbeat is 1 ms", "options-invalid"]);
  assert.equal(sockets[0].closed, 1000);
});

test("an engine that dies of the hand-over changes nothing for the connection", (t) => {
  for (const deadly of [
    {
      open() {
        throw new WakesocketError("engine-failed", "the engine is gone");
      },
    },
    { script: { adopt: "die" } },
  ]) {
    const { log, sockets, waiters, load, run } = setup(t, { guarded: false, ...deadly });
    sockets[0].open();
    load();
    assert.equal(waiters.length, 1);
    sockets[0].receive([{ id: "a" }]);
    run();
    assert.deepEqual(log.slice(1), ["unguarded: the engine is gone", "engine-failed", "event a", "live", "cursor a"]);
    assert.equal(sockets.length, 1);
    t.mock.timers.reset();
  }
});

test("a mistake of the shim's own is a failed feed, and reconnect begins anew", (t) => {
  const { driver, log } = setup(t, { script: { wake: [{ ...dial, after: Symbol("no text") }] } });
  driver.wake("wake");
  assert.match(log[0], /^failed: the shim failed: /);
  assert.equal(log[1], "engine-failed");
  driver.reconnect();
  assert.equal(log[2], "connecting");
});

test("send goes to the live socket only", (t) => {
  const { driver, sockets, load } = setup(t, { script: { opened: [live], closed: [state("reconnecting")] } });
  assert.equal(driver.send("x"), false);
  sockets[0].open();
  assert.equal(driver.send("x"), true);
  sockets[0].end();
  assert.equal(driver.send("y"), false);
  assert.deepEqual(sockets[0].sent, ["x"]);
});

test("topics that changed during the dial are sent when it is live", async (t) => {
  const { driver, sockets, load, run } = setup(t, { script: { hello: [live] }, settings: { topics: ["a"] } });
  assert.match(sockets[0].href, /&topic=a$/);
  driver.topics(["b"]);
  await Promise.resolve();
  sockets[0].open();
  sockets[0].receive({ wakesocket: "hello", at: "" });
  run();
  assert.deepEqual(sockets[0].sent, ['{"wakesocket":"topics","topics":["b"]}']);
});

test("a plain server gets other topics by a new address", async (t) => {
  const { driver, calls, sockets, load } = setup(t, { script: { opened: [live] } });
  sockets[0].open();
  driver.topics(["b"]);
  await Promise.resolve();
  assert.equal(sockets[0].closed, 1000);
  assert.deepEqual(sockets[0].sent, []);
  assert.deepEqual(calls.slice(-2), ["closed 1 1000 topics false", "reconnect"]);
});

test("what the server complains of is an error with its code", (t) => {
  const errors = [];
  const { sockets, load, run } = setup(t, { page: { error: (error) => errors.push(`${error.code}: ${error.message}`) } });
  sockets[0].receive({ wakesocket: "error", code: "message-rate", message: "too fast" });
  sockets[0].receive({ wakesocket: "error" });
  run();
  assert.deepEqual(errors, ["message-rate: the server says: too fast", "server: the server says: (nothing) (no code)"]);
});

test("events that are held are delivered when the session has decided, after the gap", (t) => {
  const answers = [
    { type: "deliver", mask: "10", held: 1, cursor: "e-1" },
    { type: "deliver", mask: "00", held: 2, cursor: "e-1" },
  ];
  const { log, sockets, load, run } = setup(t, {
    script: {
      events: () => [answers.shift()],
      pong: [
        { type: "gap", after: "e-1", earliest: "2", reason: "restarted" },
        { type: "release", mask: "101", cursor: "4" },
      ],
    },
  });
  sockets[0].open();
  sockets[0].receive([{ id: 1 }, { id: 2 }]);
  run();
  sockets[0].receive([{ id: 3 }, { id: 4 }]);
  sockets[0].receive("pong");
  run();
  assert.deepEqual(
    log.filter((line) => !line.startsWith("cursor")),
    ["event 1", "gap restarted", "event 2", "event 4"],
  );
});

test("a gap in the middle of a burst is told where it is", (t) => {
  const script = {
    events: ({ ids }) => [{ type: "gap", after: "2", earliest: "5", reason: "skipped" }, deliver(ids)],
  };
  const { log, sockets, run } = setup(t, { script });
  sockets[0].open();
  for (const id of ["1", "2", "5", "6"]) sockets[0].receive({ id });
  run();
  assert.deepEqual(log, ["event 1", "event 2", "gap skipped", "event 5", "event 6", "cursor 6"]);
});
