import assert from "node:assert/strict";
import { after, test } from "node:test";
import { pageGlobals } from "./testing/page-globals.js";
import { random } from "./testing/random.js";
import { Server, Worker, closeChannels, turn, until } from "./testing/shared-world.js";

const { Feed } = await import("./feed.js");

after(closeChannels);

/** Tabs of one worker. */
function world(t, options) {
  pageGlobals(t);
  const server = new Server();
  const tabs = [];
  t.after(async () => {
    for (const { feed } of tabs) feed.close();
    await until("the worker forgets all tabs", () => worker.hub.size === 0);
  });
  server.install(t); // after that hook, so that there are sockets while the tabs leave
  const worker = new Worker(t, options);
  /** A tab that shows the sum of its topics: that of its snapshot, and the events after it. */
  const open = (topics, snapshot) => {
    const tab = { topics, calls: 0, log: [], wrong: [], total: undefined, worker: worker.tabs.length };
    worker.tabs.push({});
    tab.truth = (n = server.log.length) =>
      server.log
        .slice(0, n)
        .filter(({ topic }) => topics.includes(topic))
        .reduce((sum, { data }) => sum + data, 0);
    tab.state = (n = server.log.length) => ({ at: `${server.epoch}-${n}`, data: tab.truth(n) });
    tab.feed = new Feed("ws://h/feed", {
      topics,
      share: true,
      workerURL: `http://h/shared-worker.js#${tab.worker}`,
      wasmURL: "http://h/client.wasm",
      minReconnectDelay: 50,
      firstRetryWindow: 0,
      ...(snapshot && {
        snapshot: () => {
          tab.calls++;
          return snapshot(tab);
        },
        onSnapshot: ({ at, data, reason }) => {
          tab.log.push(`snapshot ${at} ${reason}`);
          tab.total = data;
        },
      }),
      onState: ({ name }) => {
        const [, n] = tab.feed.cursor.split("-");
        if (snapshot && name === "live" && tab.total !== tab.truth(Number(n))) tab.wrong.push([tab.feed.cursor, tab.total, tab.truth(Number(n))]);
      },
      onGap: ({ reason }) => tab.log.push(`gap ${reason}`),
      onError: (error) => tab.log.push(`error ${error.code}`),
    });
    tab.feed.subscribe(({ id, data }) => {
      tab.log.push(`event ${id}`);
      tab.total += data;
    });
    tab.live = () => tab.feed.state.name === "live" && tab.feed.state.snapshot === "";
    tab.fits = () => tab.live() && tab.total === tab.truth();
    tab.awaitFit = () => until(() => JSON.stringify([tab.topics, tab.feed.state, tab.feed.cursor, tab.total, tab.truth(), tab.log.slice(-8)]), tab.fits);
    tabs.push(tab);
    return tab;
  };
  return { server, open, tabs };
}

test("a tab gets its snapshot and what comes after it, beside one that has been live for long", async (t) => {
  const { server, open } = world(t);
  const old = open(["a", "b"]);
  await until("it is live", old.live);
  for (let n = 0; n < 10; n++) server.publish(n % 2 ? "b" : "a");
  const fresh = open(["b"], (tab) => tab.state(5)); // the others have been told more
  await fresh.awaitFit();
  server.publish("a");
  server.publish("b");
  await fresh.awaitFit();
  assert.deepEqual(fresh.log, ["snapshot e-5 start", "event e-6", "event e-8", "event e-10", "event e-12"]);
  assert.equal(old.log.length, 12);
  assert.equal(server.dials.length, 1);
});

test("a snapshot later than the newest event of a tab's topics is given", async (t) => {
  const { server, open } = world(t);
  server.limits = { history: 1000 };
  const [all, some] = [open(["a", "b"]), open(["b"], (tab) => tab.state())];
  for (let n = 0; n < 10; n++) server.publish("a");
  await some.awaitFit();
  for (let n = 0; n < 10; n++) server.publish("a");
  await until("the other has them", () => all.log.length === 20 || all.log.length === 10);
  some.feed.reloadSnapshot();
  await until("another snapshot", () => some.log.includes("snapshot e-20 request"));
  await some.awaitFit();
  assert.equal(server.dials.length, 1);
});

test("what comes before the server has taken the topics of a tab is not missing after its snapshot", async (t) => {
  const { server, open } = world(t);
  const old = open(["a"]);
  server.publish("a");
  await until("it is live", () => old.live() && server.sockets.size === 1);
  const { heard } = server;
  const held = [];
  server.heard = (socket, text) => (text.includes('"topics"') ? held.push(() => heard.call(server, socket, text)) : heard.call(server, socket, text));
  const fresh = open(["b"], (tab) => tab.state(1));
  await until("the server is asked for its topics", () => held.length === 1 && fresh.calls === 1);
  for (const topic of ["b", "a", "b"]) server.publish(topic);
  for (const release of held) release();
  server.publish("b");
  await fresh.awaitFit();
  assert.deepEqual(fresh.log, ["snapshot e-1 start", "event e-2", "event e-4", "event e-5"]);
  assert.deepEqual(fresh.wrong, []);
});

test("a gap calls for a snapshot in the tab that has one, and is told in the other", async (t) => {
  const { server, open } = world(t);
  for (let n = 0; n < 4; n++) server.publish();
  const [plain, whole] = [open(["a"]), open(["a"], (tab) => tab.state())];
  await whole.awaitFit();
  await until("both are live", plain.live);
  server.refusing = true;
  server.cut();
  for (let n = 0; n < 4; n++) server.publish();
  server.first = 6;
  server.refusing = false;
  plain.feed.reconnect();
  await until("both have been told", () => plain.log.includes("event e-8") && whole.log.includes("snapshot e-8 trimmed"));
  await whole.awaitFit();
  assert.deepEqual(plain.log, ["gap trimmed", "event e-7", "event e-8"]);
  assert.deepEqual([whole.wrong, whole.calls], [[], 2]);
});

// Cuts, trims, reloads, and tabs that go and come, in random order.
for (let seed = 1; seed <= 3; seed++) {
  test(`random lives of tabs with snapshots, seed ${seed}`, async (t) => {
    const rand = random(seed * 31);
    const int = (n) => Math.floor(rand() * n);
    const { server, open, tabs } = world(t, { ringBytes: 2_000 });
    const snapshot = async (tab) => {
      for (let n = int(6); n > 0; n--) await turn();
      const some = int(10);
      if (some === 0) throw new Error("503");
      const state = tab.state(Math.max(server.first, server.log.length - (some < 4 ? int(8) : 0)));
      for (let n = int(20); n > 0; n--) await turn();
      return state;
    };
    for (const topics of [["a"], ["b"], ["a", "b"]]) open(topics, snapshot);
    const any = () => tabs[int(tabs.length)];
    const steps = [
      () => server.publish("a"),
      () => {
        for (let n = int(30); n > 0; n--) server.publish(["a", "b"][int(2)], int(100));
      },
      () => rand() < 0.5 && server.cut(),
      () => rand() < 0.2 && (server.first = Math.max(server.first, server.log.length - int(20))),
      () => rand() < 0.3 && any().feed.reloadSnapshot(),
      () => {
        if (rand() > 0.2) return;
        const { feed } = any();
        feed.close();
        feed.reconnect();
      },
    ];
    for (let i = 0; i < 80; i++) {
      steps[int(steps.length)]();
      for (let n = int(6); n > 0; n--) await turn();
    }
    for (const topic of ["a", "b"]) server.publish(topic);
    for (const tab of tabs) await tab.awaitFit();
    for (const tab of tabs) assert.deepEqual(tab.wrong, []);
  });
}
