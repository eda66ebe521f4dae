import assert from "node:assert/strict";
import { after, test } from "node:test";
import { serve } from "./testing/serve.js";
import { Server, Worker, closeChannels, turn, until } from "./testing/shared-world.js";
import { pageGlobals } from "./testing/page-globals.js";
import { random } from "./testing/random.js";

const { Feed } = await import("./feed.js");

after(closeChannels);

/** A page that shows the sum of all data: that of its snapshot, and the events after it. */
async function open(t, { how = "engine", snapshot, options = {}, server = new Server(), items } = {}) {
  const page = pageGlobals(t, items);
  const site = await serve(t);
  if (how === "basic") site.answer = (_, response) => response.writeHead(404).end();
  server.install(t);
  const world = { server, page, total: undefined, base: 0, calls: [], log: [], states: [], wrong: [] };
  world.truth = (n = server.log.length) => world.base + (n * (n + 1)) / 2; // the nth event adds n
  world.position = (n = server.log.length) => `${server.epoch}-${n}`;
  world.state = () => ({ at: world.position(), data: world.truth() });
  world.snapshot = snapshot ?? (async () => world.state());
  let share = {};
  if (how === "shared") {
    const worker = new Worker(t);
    worker.tabs.push({});
    share = { share: true, workerURL: "http://h/shared-worker.js#0" };
  }
  const feed = new Feed("ws://h/feed", {
    wasmURL: site.href,
    minReconnectDelay: 50,
    firstRetryWindow: 0,
    ...share,
    ...options,
    snapshot: (call) => {
      world.calls.push(call);
      return world.snapshot(call);
    },
    onSnapshot: ({ at, data, reason }) => {
      world.log.push(`snapshot ${at} ${reason}`);
      world.total = data;
    },
    onState: (state) => {
      world.states.push(state);
      // At every moment that is shown as live, the page's total is that of its position.
      const [epoch, n] = feed.cursor.split("-");
      if (state.name === "live" && epoch === server.epoch && world.total !== world.truth(Number(n))) world.wrong.push([feed.cursor, world.total]);
    },
    onError: (error) => world.log.push(`error ${error.code}`),
    onGap: ({ reason }) => world.log.push(`gap ${reason}`),
  });
  t.after(() => feed.close());
  feed.subscribe(({ id, data }) => {
    world.log.push(`event ${id}`);
    world.total += data;
  });
  world.feed = feed;
  world.fits = () => feed.state.name === "live" && feed.state.snapshot === "" && world.total === world.truth() && feed.cursor === world.position();
  world.awaitFit = (what) => until(() => `${what}: ${JSON.stringify([feed.state, feed.cursor, world.total, world.truth(), world.log.slice(-5)])}`, world.fits);
  return world;
}

/** A promise that the test settles. */
function later() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

for (const how of ["basic", "engine", "shared"]) {
  test(`snapshot, then exactly the events after it: ${how}`, async (t) => {
    const answer = later();
    const server = new Server();
    server.publish();
    const world = await open(t, { how, server, snapshot: () => answer.promise });
    const { feed } = world;
    await until("a connection", () => server.sockets.size === 1 && world.calls.length === 1);
    assert.equal(world.calls[0].reason, "start");
    assert.ok(world.calls[0].signal instanceof AbortSignal);
    server.publish();
    const state = world.state();
    server.publish();
    server.publish();
    for (let i = 0; i < 20; i++) await turn();
    assert.deepEqual([feed.state.name, feed.state.snapshot, feed.topic().stale, feed.cursor], ["connecting", "loading", true, ""]);
    assert.deepEqual(
      world.log.filter((line) => !line.startsWith("error engine")),
      [],
    );
    answer.resolve(state);
    await feed.ready;
    assert.deepEqual(
      world.log.filter((line) => !line.startsWith("error engine")),
      ["snapshot e-2 start", "event e-3", "event e-4"],
    );
    assert.deepEqual([feed.state.name, feed.state.snapshot, feed.topic().stale, feed.cursor], ["live", "", false, "e-4"]);
    server.publish();
    await world.awaitFit("live");
    assert.equal(world.calls.length, 1);
  });

  test(`a gap calls for a snapshot, and an old one makes the feed go back: ${how}`, async (t) => {
    const server = new Server();
    for (let n = 0; n < 10; n++) server.publish();
    const world = await open(t, { how, server });
    await world.awaitFit("the start");
    // While the feed is away, the log is trimmed.
    server.refusing = true;
    server.cut();
    for (let n = 0; n < 10; n++) server.publish();
    server.first = 15;
    world.snapshot = async () => ({ at: world.position(17), data: world.truth(17) });
    server.publish();
    world.log.length = 0;
    server.refusing = false;
    world.feed.reconnect();
    await world.awaitFit("after the gap");
    assert.deepEqual(world.log.filter((line) => !line.startsWith("error engine")).slice(0, 2), ["gap trimmed", "snapshot e-17 trimmed"]);
    assert.ok(world.states.some(({ name, snapshot }) => name === "reconnecting" && snapshot === "loading"));
    assert.deepEqual(world.wrong, []);
  });

  test(`another epoch while the snapshot is loading: ${how}`, async (t) => {
    const server = new Server();
    server.publish();
    const never = later();
    const world = await open(t, { how, server, snapshot: () => never.promise });
    await until("a call", () => world.calls.length === 1 && server.sockets.size === 1);
    for (let i = 0; i < 20; i++) await turn();
    server.publish();
    await until("the event", () => server.sockets.size === 1);
    world.snapshot = async () => world.state();
    world.base = world.truth() + 1000;
    server.log = [];
    server.epoch = "f";
    server.cut();
    await until("the new epoch", () => world.calls.length > 1);
    assert.equal(world.calls[0].signal.aborted, true);
    server.publish();
    await world.awaitFit("the new epoch");
    assert.equal(world.calls.at(-1).reason, "epoch");
    assert.deepEqual(world.wrong, []);
  });

  // Cuts, trims, epochs and snapshots that fail, are old or are wrong, in random order.
  for (let seed = 1; seed <= 2; seed++) {
    test(`random lives: ${how}, seed ${seed}`, async (t) => {
      const rand = random(seed * 17);
      const int = (n) => Math.floor(rand() * n);
      const server = new Server();
      const world = await open(t, { how, server });
      world.snapshot = async () => {
        for (let n = int(6); n > 0; n--) await turn();
        const some = int(10);
        if (some === 0) throw new Error("503");
        if (some === 1) return { at: `x-${int(9)}`, data: -1 };
        const n = Math.max(0, server.log.length - (some < 4 ? int(8) : 0));
        const state = { at: world.position(n), data: world.truth(n) };
        for (let wait = int(20); wait > 0; wait--) await turn();
        return state;
      };
      const steps = [
        () => server.publish(),
        () => {
          for (let n = int(30); n > 0; n--) server.publish();
        },
        () => rand() < 0.5 && server.cut(),
        () => rand() < 0.2 && (server.first = Math.max(server.first, server.log.length - int(20))),
        () => rand() < 0.3 && world.feed.reloadSnapshot(),
        () => {
          if (rand() > 0.1) return;
          world.base = world.truth() + int(100);
          [server.log, server.first, server.epoch] = [[], 0, `${server.epoch}e`];
          server.cut();
        },
        () => {
          if (rand() > 0.2) return;
          world.feed.close();
          world.feed.reconnect();
        },
      ];
      for (let i = 0; i < 80; i++) {
        steps[int(steps.length)]();
        for (let n = int(6); n > 0; n--) await turn();
      }
      world.snapshot = async () => world.state();
      server.publish();
      await world.awaitFit("the end");
      assert.deepEqual(world.wrong, []);
    });
  }
}

test("a snapshot that fails is told, and made again", async (t) => {
  const world = await open(t, {
    snapshot: async () => {
      throw new Error("503 from /state");
    },
  });
  const failed = () => world.states.find(({ snapshot, cause }) => snapshot === "failed" && cause.startsWith("snapshot"));
  await until("the error", () => world.log.includes("error snapshot-failed") && failed());
  const { name, attempt, retryAt, cause } = failed();
  assert.deepEqual([name, cause], ["connecting", "snapshot failed: 503 from /state"]);
  assert.ok(attempt >= 1);
  assert.ok(retryAt > Date.now() - 20_000 && retryAt < Date.now() + 20_000);
  world.snapshot = async () => world.state();
  await world.awaitFit("the second call");
  assert.ok(world.calls.length >= 2);
});

test("a function that throws at once has failed, too", async (t) => {
  const world = await open(t, {
    snapshot: () => {
      throw new Error("broken");
    },
  });
  await until("the error", () => world.log.includes("error snapshot-failed"));
});

test("a saved cursor is never beyond what the page was given", async (t) => {
  const server = new Server();
  server.publish();
  const items = new Map();
  const answer = later();
  const world = await open(t, { server, items, options: { persist: "k" }, snapshot: () => answer.promise });
  await until("a connection", () => server.sockets.size === 1);
  const state = world.state();
  server.publish();
  for (let i = 0; i < 20; i++) await turn();
  assert.equal(items.get("k") ?? "", "");
  answer.resolve(state);
  await world.awaitFit("the snapshot");
  await until("the newest", () => items.get("k") === "e-2");
});

test("with a cursor the page has its state", async (t) => {
  const server = new Server();
  server.publish();
  server.publish();
  const world = await open(t, { server, options: { after: "e-1" } });
  world.total = world.truth(1);
  await world.awaitFit("live");
  assert.deepEqual([world.calls.length, world.log], [0, ["event e-2"]]);
});

test("a closed feed ends the call, and a feed that is opened again makes another", async (t) => {
  const never = later();
  const world = await open(t, { snapshot: () => never.promise });
  await until("a call", () => world.calls.length === 1);
  world.feed.close();
  assert.equal(world.calls[0].signal.aborted, true);
  assert.deepEqual([world.feed.state.name, world.feed.state.snapshot], ["stopped", ""]);
  never.resolve({ at: "e-0", data: 5 });
  for (let i = 0; i < 5; i++) await turn();
  assert.equal(world.total, undefined);
  world.snapshot = async () => world.state();
  world.server.publish();
  world.feed.reconnect();
  await world.awaitFit("live again");
});

test("events that come while held ones are still being delivered wait for them", async (t) => {
  const server = new Server();
  const answer = later();
  const world = await open(t, { server, snapshot: () => answer.promise });
  await until("a connection", () => server.sockets.size === 1 && world.feed.state.rtt !== null);
  const state = world.state();
  for (let n = 0; n < 20; n++) server.publish();
  for (let i = 0; i < 20; i++) await turn();
  server.tell = (socket, frame) => socket.onmessage({ data: JSON.stringify(frame) }); // timers get no turn meanwhile
  world.feed.subscribe(({ data }) => {
    if (data < 10) server.publish();
    for (const end = performance.now() + 20; performance.now() < end; );
  });
  answer.resolve(state);
  await world.awaitFit("all of them");
  const got = world.log.filter((line) => line.startsWith("event")).map((line) => Number(line.split("-")[1]));
  assert.deepEqual(
    got,
    Array.from({ length: server.log.length }, (_, i) => i + 1),
  );
});

test("a close while held events are still being delivered loses none of them", async (t) => {
  const server = new Server();
  const answer = later();
  const world = await open(t, { server, snapshot: () => answer.promise });
  await until("a connection", () => server.sockets.size === 1 && world.feed.state.rtt !== null);
  const state = world.state();
  for (let n = 0; n < 200; n++) server.publish();
  for (let i = 0; i < 20; i++) await turn();
  world.snapshot = async () => world.state();
  let count = 0;
  world.feed.subscribe(() => {
    if (++count !== 50) return;
    world.feed.close();
    world.feed.reconnect();
  });
  answer.resolve(state);
  await world.awaitFit("the rest");
  assert.deepEqual(world.wrong, []);
});

test("without the option there is nothing to load again", async (t) => {
  pageGlobals(t);
  new Server().install(t);
  const feed = new Feed("ws://h/feed", { wasmURL: "http://127.0.0.1:1/client.wasm", onError() {} });
  t.after(() => feed.close());
  assert.throws(() => feed.reloadSnapshot(), /TypeError: reloadSnapshot: this feed has no snapshot; give connect\(\) the option snapshot/);
  assert.equal(feed.state.snapshot, "");
});
