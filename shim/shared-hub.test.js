import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fakeLocks } from "./testing/fake-locks.js";
import { Server, Tab, Worker, closeChannels, build, until } from "./testing/shared-world.js";

after(closeChannels);

function world(t, options) {
  const server = new Server();
  server.install(t);
  const worker = new Worker(t, options);
  t.after(async () => {
    for (const tab of worker.tabs) tab.driver.stop();
    await until("the worker forgets all tabs", () => worker.hub.size === 0);
  });
  return { server, worker, open: (how) => new Tab(worker, how) };
}

test("tabs of another address, tuning, client or name have connections of their own", async (t) => {
  const { server, worker, open } = world(t);
  const ways = [{}, {}, { url: "ws://h/other" }, { tuning: { heartbeat: 9000 } }, { client: "c" }, { share: "u" }, { share: "v" }, { share: "v" }];
  const tabs = ways.map(open);
  await until("all are live", () => tabs.every((tab) => tab.live));
  assert.equal(server.dials.length, 6);
  assert.equal(worker.hub.size, 6);
});

test("a tab of another build is refused, told what to do, and left alone", async (t) => {
  const { server, open } = world(t, { build: "0.0.0-other" });
  const tab = open();
  await until("it is alone", () => tab.alone.length === 1);
  assert.match(tab.alone[0], new RegExp(`0.0.0-other.*${build}.*serve shared-worker.js`));
  assert.deepEqual(server.dials, []);
});

test("a tab without SharedWorker, or whose worker cannot be made, is alone at once", async (t) => {
  const { open } = world(t);
  globalThis.SharedWorker = class {
    constructor() {
      throw new Error("not of this origin");
    }
  };
  const refused = open();
  await until("it is alone", () => refused.alone.length === 1);
  assert.match(refused.alone[0], /not of this origin.*workerURL/);
  globalThis.SharedWorker = class {
    port = { postMessage() {} };
    constructor() {
      setTimeout(() => this.onerror({}));
    }
  };
  const broken = open();
  await until("it is alone", () => broken.alone.length === 1);
  assert.match(broken.alone[0], /cannot be started.*beside the shim/);
  delete globalThis.SharedWorker;
  const without = open();
  await until("it is alone", () => without.alone.length === 1);
  assert.match(without.alone[0], /no SharedWorker/);
});

test("what the worker cannot understand ends the tab's part, and nobody else's", async (t) => {
  const { server, worker, open } = world(t);
  const [a, b] = [open(), open()];
  await until("both are live", () => a.live && b.live);
  b.post({ type: "topics", topics: "all" });
  await until("it is alone", () => b.alone.length === 1);
  assert.match(b.alone[0], /does not understand/);
  server.publish();
  await until("the other has it", () => a.got.length === 1);
  assert.equal(worker.hub.size, 1);
});

test("what the tab cannot understand leaves it alone", async (t) => {
  const { worker, open } = world(t);
  const tab = open();
  await until("it is live", () => tab.live);
  worker.last.postMessage({ type: "batch", batch: 1 });
  await until("it is alone", () => tab.alone.length === 1);
  assert.match(tab.alone[0], /cannot be understood/);
});

test("a tab that the worker took for gone joins again from its cursor", async (t) => {
  const { server, worker, open } = world(t);
  const tab = open({ after: "e-0" });
  await until("it is live", () => tab.live);
  tab.post({ type: "leave" });
  await until("the worker has forgotten it", () => worker.hub.size === 0);
  server.publish();
  tab.driver.wake("wake");
  await until("it has what it missed", () => tab.got.length === 1 && tab.live);
  assert.deepEqual(tab.alone, []);
});

test("url functions are compared without the query, and asked in a visible tab", async (t) => {
  const { server, open } = world(t);
  let tokens = 0;
  const url = () => `ws://h/feed?token=${++tokens}`;
  const hidden = open({ url, share: "u", visible: false });
  await until("it is live", () => hidden.live);
  const visible = open({ url, share: "u" });
  await until("it is live", () => visible.live);
  assert.equal(server.dials.length, 1);
  const [before, askedBefore] = [hidden.asked.length, visible.asked.length];
  server.cut();
  await until("both are live again", () => server.dials.length === 2 && hidden.live && visible.live);
  assert.equal(hidden.asked.length, before);
  assert.equal(visible.asked.length, askedBefore + 1);
  visible.driver.stop();
  await until("one is left", () => visible.status.name === "stopped");
  server.cut();
  await until("it is live again", () => server.dials.length === 3 && hidden.live);
  assert.equal(hidden.asked.length, before + 1);
  assert.match(server.dials[2], new RegExp(`token=${tokens}&`));
});

test("a name does not join what has different addresses", async (t) => {
  const { server, open } = world(t);
  const tabs = ["prices", "orders", "prices"].map((path) => open({ url: () => `ws://h/${path}?token=${Math.random()}`, share: "u" }));
  await until("all are live", () => tabs.every((tab) => tab.live));
  assert.deepEqual(server.dials.map((dial) => new URL(dial).pathname).sort(), ["/orders", "/prices"]);
});

test("a url function that fails is told, and asked again", async (t) => {
  const { open } = world(t);
  let fails = 1;
  const url = async () => {
    if (fails-- > 0) throw new Error("no token");
    return "ws://h/feed";
  };
  const tab = open({ url });
  await until("it is told", () => tab.errors.length === 1);
  assert.match(tab.errors[0], /url-failed.*no token/);
  assert.equal(tab.status.cause, "no token");
  assert.ok(tab.status.retryAt > Date.now() - 1000);
  await until("it is live", () => tab.live);
});

test("a feed that ended for good is tried again when a tab joins", async (t) => {
  const { server, open } = world(t);
  const first = open();
  await until("it is live", () => first.live);
  for (const socket of server.sockets) {
    socket.readyState = 3;
    socket.onclose({ code: 4403, reason: "no" });
  }
  await until("it has failed", () => first.status.name === "failed");
  const second = open();
  await until("both are live", () => first.live && second.live);
});

test("a tab that crashes is forgotten when its lock is free, and the others go on", async (t) => {
  const locks = fakeLocks(t);
  const { server, worker, open } = world(t);
  const [stays, crashes] = [open({ topics: ["a"] }), open({ share: "u" })];
  await until("both are live", () => stays.live && crashes.live);
  const [, lock] = locks.names().filter((name) => name.startsWith("wakesocket tab"));
  crashes.freeze();
  locks.crash(lock);
  await until("the worker forgets it", () => worker.hub.size === 1);
  assert.equal(server.sockets.size, 1);
  server.publish();
  await until("the other has its event", () => stays.got.length === 1);
});

test("a tab whose worker ends sees it by the worker's lock", async (t) => {
  const locks = fakeLocks(t);
  const { open } = world(t);
  const tab = open();
  await until("it is live", () => tab.live);
  locks.crash(locks.names().find((name) => name.startsWith("wakesocket worker")));
  await until("it connects for itself", () => tab.alone.length === 1);
  assert.match(tab.alone[0], /ended soon after it had started/);
});
