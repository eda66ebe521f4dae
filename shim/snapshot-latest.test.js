import assert from "node:assert/strict";
import { after, test } from "node:test";
import { ChoosingServer } from "./testing/choosing-server.js";
import { pageGlobals } from "./testing/page-globals.js";
import { random } from "./testing/random.js";
import { serve } from "./testing/serve.js";
import { closeChannels, until } from "./testing/shared-world.js";

const { Feed } = await import("./feed.js");

after(closeChannels);

const topics = ["a", "p.0", "p.1", "p.2"];

/** What the page shows of each topic: its newest event, and how many there were. */
const stateOf = (log) =>
  Object.fromEntries(
    topics.map((name) => {
      const all = log.filter(({ topic }) => topic === name);
      return [name, { newest: all.at(-1)?.data ?? 0, count: all.length }];
    }),
  );

async function open(t, server, more = {}) {
  const page = pageGlobals(t);
  const site = await serve(t);
  server.install(t);
  const world = { server, page, shown: undefined, wrong: [], snapshots: 0, events: 0, passed: 0, gaps: [] };
  const feed = new Feed("ws://h/feed", {
    wasmURL: site.href,
    minReconnectDelay: 50,
    firstRetryWindow: 0,
    topics: ["a", { match: "p.*", latest: true, every: 10 }],
    snapshot: async () => ({ at: `${server.epoch}-${server.log.length}`, data: stateOf(server.log) }),
    onSnapshot: ({ data }) => {
      world.snapshots++;
      world.shown = structuredClone(data);
    },
    onGap: ({ reason }) => world.gaps.push(reason),
    ...more,
  });
  t.after(() => feed.close());
  feed.subscribe(({ topic, data, skipped = 0 }) => {
    const known = world.shown[topic];
    if (data <= known.newest) world.wrong.push(`${topic} ${data} after ${known.newest}`);
    world.shown[topic] = { newest: data, count: known.count + skipped + 1 };
    world.events++;
    world.passed += skipped;
  });
  world.feed = feed;
  world.push = () => {
    for (const socket of server.sockets) server.choose(socket);
  };
  world.awaitAll = (what) =>
    until(
      () => `${what}: ${JSON.stringify([feed.state, world.shown, stateOf(server.log)])}`,
      () => feed.state.name === "live" && JSON.stringify(world.shown) === JSON.stringify(stateOf(server.log)),
    );
  return world;
}

test("newest events begin at the snapshot, over another connection", async (t) => {
  const server = new ChoosingServer();
  for (const topic of ["a", "p.0", "p.0"]) server.publish(topic);
  let answer;
  const world = await open(t, server, { persist: "k", snapshot: () => new Promise((resolve) => (answer = resolve)) });
  const saved = [];
  globalThis.sessionStorage.setItem = (_, value) => value.startsWith("e-") && saved.push(value.replace("\n", " "));
  await until("a connection", () => server.sockets.size === 1 && answer);
  const state = { at: "e-4", data: stateOf([...server.log, server.publish("p.0")]) };
  for (const topic of ["p.0", "a", "p.0", "p.1"]) server.publish(topic);
  world.push(); // the page has no use for them yet
  answer(state);
  await world.awaitAll("the state");
  const queries = server.dials.map((href) => new URL(href).searchParams);
  assert.deepEqual(
    queries.map((query) => [query.getAll("latest"), query.get("after"), query.get("since")]),
    [
      [["10,p.*"], null, null],
      [["10,p.*"], "e-4", "e-4"],
    ],
  );
  assert.deepEqual([world.events, world.passed, world.snapshots, world.wrong], [3, 1, 1, []]);
  assert.deepEqual([saved[0], saved.at(-1)], ["e-4 e-4", "e-8 e-8"], "what a reload finds is the state that the page shows");

  // A cut, and each comes once: they go on where they were.
  server.publish("p.2");
  world.push();
  await world.awaitAll("before the cut");
  server.cut();
  for (const topic of ["p.2", "p.2", "a"]) server.publish(topic);
  await world.awaitAll("after the cut");
  assert.deepEqual([world.snapshots, world.wrong, world.gaps], [1, [], []]);
});

test("cuts, trims and snapshots at random: none older than the snapshot, and none uncounted", async (t) => {
  const rand = random(20);
  const int = (n) => Math.floor(rand() * n);
  const server = new ChoosingServer();
  server.publish();
  const world = await open(t, server);
  for (let round = 0; round < 25; round++) {
    for (let n = int(12); n > 0; n--) server.publish(topics[int(4)]);
    if (int(2)) world.push();
    if (int(6) === 0) server.cut();
    if (int(8) === 0) world.feed.reloadSnapshot();
    if (int(12) === 0) {
      server.cut();
      server.publish("p.0");
      server.first = server.log.length;
    }
    if (int(12) === 0) server.counting += "x";
    if (int(4) === 0) await world.awaitAll(`round ${round}`);
    else await new Promise((resolve) => setTimeout(resolve, int(5)));
  }
  world.push();
  await world.awaitAll("the end");
  assert.deepEqual(world.wrong, []);
  assert.ok(world.snapshots > 1 && world.events > 10 && world.passed > 5 && world.gaps.length > 0, JSON.stringify(world));
});
