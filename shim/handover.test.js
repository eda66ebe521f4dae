import "./testing/wasm-exec.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { clocks } from "./testing/clocks.js";
import { fakeSockets, fakeTasks } from "./testing/fake-socket.js";
import { random } from "./testing/random.js";
import { makeEngine } from "./testing/real-engine.js";
import { driverSettings } from "./testing/driver-settings.js";

const runTasks = fakeTasks();
const { Driver } = await import("./driver.js");

/** A page, a feed that keeps its log, and the network between them, all moved by the test. */
class World {
  got = [];
  gaps = [];
  errors = [];
  states = [];
  unguarded = "";
  log = 0; // events that the feed has published
  sent = new Map(); // socket → the last event that it was sent
  engine;
  waiter;
  urls = [];

  constructor(t, { plain = false, rand = () => 0.5, slowURL = false } = {}) {
    runTasks();
    this.clock = clocks(t);
    this.sockets = fakeSockets(t);
    this.plain = plain;
    this.rand = rand;
    this.driver = new Driver(
      {
        url: ({ fresh }) => (slowURL ? new Promise((resolve) => this.urls.push(() => resolve("ws://h/"))) : `ws://h/${fresh ? "?fresh=1" : ""}`),
        status: ({ name, cause }) => this.states.push(cause ? `${name}: ${cause}` : name),
        unguarded: (reason) => (this.unguarded = reason),
        deliver: ({ id }) => this.got.push(Number(id)),
        paused() {},
        lagChanged() {},
        gap: ({ reason }) => this.gaps.push(reason),
        rtt() {},
        control() {},
        error: ({ code }) => this.errors.push(code),
      },
      {
        loader: { wait: (waiter) => ((this.waiter = waiter), () => (this.waiter = undefined)), hurry() {} },
        ...driverSettings,
      },
    );
    this.driver.start();
  }

  /** The engine is there. */
  load() {
    const { waiter } = this;
    this.waiter = undefined;
    this.engine = makeEngine();
    waiter?.ready(this.engine);
  }

  get guarded() {
    return this.waiter === undefined;
  }

  get socket() {
    return this.sockets.at(-1);
  }

  get open() {
    return this.sockets.filter((socket) => socket.readyState === 1 && socket.closed === undefined);
  }

  /** The server lets a socket in, and tells it what it asks for. */
  accept(socket = this.socket) {
    if (!socket || socket.readyState !== 0 || socket.closed !== undefined) return;
    socket.open();
    const after = new URL(socket.href).searchParams.get("after");
    this.sent.set(socket, after === null ? this.log : Number(after));
    if (!this.plain) socket.receive({ wakesocket: "hello", resumed: after !== null, at: after ?? String(this.log), live: this.sent.get(socket) === this.log });
    this.flush(socket);
    if (!this.plain) socket.receive({ wakesocket: "position", at: String(this.log), live: true });
  }

  flush(socket) {
    const events = [];
    while (this.sent.get(socket) < this.log) {
      const id = this.sent.get(socket) + 1;
      this.sent.set(socket, id);
      events.push({ id: String(id), data: id });
    }
    if (events.length === 0) return;
    if (this.plain) for (const event of events) socket.receive(event);
    else socket.receive(events);
  }

  publish(n) {
    this.log += n;
    for (const socket of this.open) this.flush(socket);
  }

  /** Answers the pings that wait. */
  answer() {
    for (const socket of this.open) {
      while (socket.sent.includes("ping")) {
        socket.sent.splice(socket.sent.indexOf("ping"), 1);
        socket.receive("pong");
      }
    }
  }

  pass(ms) {
    for (let left = ms; left > 0; left -= 100) {
      this.clock.pass(Math.min(left, 100), 50);
      runTasks();
    }
  }

  /** Time goes by with a server that answers. */
  calm(ms) {
    for (let left = ms; left > 0; left -= 200) {
      this.accept();
      this.answer();
      runTasks();
      this.pass(200);
    }
  }

  cut(code = 1006, reason = "") {
    const socket = this.socket;
    if (socket?.closed === undefined && socket?.readyState < 2) socket.end(code, reason);
  }
}

/** What happens, and what the page must have got; the engine comes before each step in turn, or never. */
const stories = {
  "hello, events, and more of them": {
    steps: [(w) => w.accept(), runTasks, (w) => w.publish(3), (w) => w.publish(2), runTasks, (w) => w.answer()],
    sockets: 1,
  },
  "a burst of more than can be remembered": { steps: [(w) => w.accept(), (w) => w.publish(3000), (w) => w.cut(), runTasks, (w) => w.calm(3000)], sockets: 2 },
  "a plain server that replays": {
    plain: true,
    steps: [(w) => w.accept(), (w) => w.answer(), (w) => w.publish(3), (w) => w.cut(), (w) => w.publish(2), runTasks, (w) => w.calm(3000)],
    sockets: 2,
  },
  "a refusal, and advice": {
    steps: [
      (w) => w.cut(1013, "retry=3000 busy"),
      runTasks,
      (w) => w.pass(2900),
      (w) => assert.equal(w.sockets.length, 1),
      (w) => w.calm(1000),
      (w) => w.publish(1),
    ],
    sockets: 2,
  },
  "a token that has expired": {
    steps: [(w) => w.cut(4401, "expired"), runTasks, (w) => assert.match(w.socket.href, /fresh=1/), (w) => w.accept(), (w) => w.publish(2)],
    sockets: 2,
  },
  "a sleep with a dead connection": {
    steps: [
      (w) => w.accept(),
      (w) => w.publish(1),
      runTasks,
      (w) => w.answer(),
      (w) => w.clock.setWall(120_000),
      (w) => w.pass(600),
      (w) => w.publish(2),
      (w) => w.calm(3000),
    ],
    sockets: 2,
  },
  "the browser takes the page away": {
    steps: [
      (w) => w.accept(),
      (w) => w.publish(1),
      runTasks,
      (w) => w.driver.away(),
      (w) => w.publish(1),
      (w) => w.driver.wake("wake"),
      runTasks,
      (w) => w.calm(2500),
    ],
    sockets: 2,
  },
  "another network, and the socket is dead": {
    steps: [(w) => w.accept(), (w) => w.publish(1), runTasks, (w) => w.driver.wake("network"), (w) => w.pass(500), (w) => w.pass(13_000), (w) => w.calm(5000)],
  },
  "an address that comes late": {
    slowURL: true,
    steps: [() => {}, (w) => w.urls.shift()(), () => Promise.resolve(), (w) => w.accept(), (w) => w.publish(2), runTasks],
    sockets: 1,
  },
};

for (const [name, { steps, sockets, ...options }] of Object.entries(stories)) {
  test(`${name}, with the engine before each step`, async (t) => {
    for (let arrival = 0; arrival <= steps.length + 1; arrival++) {
      const w = new World(t, options);
      for (const [i, step] of steps.entries()) {
        if (i === arrival) w.load();
        await step(w);
      }
      if (arrival === steps.length) w.load();
      w.calm(2000);
      const first = w.log - w.got.length + 1;
      assert.deepEqual(
        w.got,
        Array.from({ length: w.log }, (_, i) => i + 1),
        `engine before step ${arrival}, from ${first}`,
      );
      assert.equal(w.states.at(-1), "live", `engine before step ${arrival}`);
      assert.deepEqual(w.gaps, []);
      if (sockets) assert.equal(w.sockets.length, sockets, `engine before step ${arrival}`);
      w.driver.stop();
      t.mock.reset();
    }
  });
}

test("a feed that was refused for good is not dialed again by the engine", (t) => {
  const w = new World(t);
  w.cut(4403, "no");
  runTasks();
  assert.deepEqual(w.states.at(-1), "failed: the server closed with code 4403: no");
  w.load();
  w.pass(60_000);
  assert.deepEqual([w.sockets.length, w.errors], [1, ["failed"]]);
  w.driver.reconnect();
  w.calm(1000);
  assert.equal(w.states.at(-1), "live");
  assert.equal(w.sockets.length, 2);
});

for (const plain of [false, true]) {
  test(`random days of a ${plain ? "plain server" : "feed"}: each event once and in order, whatever the engine does`, (t) => {
    for (let seed = 1; seed <= 30; seed++) {
      const rand = random(seed);
      const pick = (list) => list[Math.floor(rand() * list.length)];
      const w = new World(t, { plain, rand });
      const story = [];
      const acts = {
        load: () => !w.guarded && w.load(),
        die: () => w.engine?.die(),
        publish: () => w.publish(1 + Math.floor(rand() * 5)),
        accept: () => w.accept(),
        answer: () => w.answer(),
        tasks: runTasks,
        pass: () => w.pass(pick([10, 300, 2000, 12_000])),
        calm: () => w.calm(pick([300, 2000])),
        cut: () => w.cut(pick([1006, 1006, 1001, 1012, 4401]), pick(["", "retry=500"])),
        wake: () => w.driver.wake(pick(["wake", "network"])),
        away: () => w.driver.away(),
        sleep: () => w.clock.setWall(pick([3000, 90_000])),
        visible: () => w.driver.visible(rand() < 0.5),
        online: () => w.driver.online(rand() < 0.5),
        reconnect: () => w.driver.reconnect(),
      };
      w.accept();
      w.publish(1); // a plain server's client has no cursor before the first event
      runTasks();
      for (let i = 0; i < 40; i++) {
        const act = pick(Object.keys(acts));
        story.push(act);
        acts[act]();
      }
      w.driver.online(true);
      w.driver.visible(true);
      w.driver.wake("wake");
      w.calm(20_000);
      if (!w.guarded) w.load();
      w.publish(1);
      w.calm(70_000);
      assert.deepEqual([w.got, w.gaps], [Array.from({ length: w.log }, (_, i) => i + 1), []], `seed ${seed}: ${story.join(" ")}`);
      assert.equal(w.states.at(-1), "live", `seed ${seed}: ${story.join(" ")}`);
      w.driver.stop();
      t.mock.reset();
    }
  });
}
