// A page that freezes and wakes while its engine loads: its clocks, timers, sockets
// and tasks stand still together, and the network goes on.
import { makeEngine } from "./real-engine.js";
import { FakeSocket, fakeSockets, fakeTasks } from "./fake-socket.js";
import { driverSettings } from "./driver-settings.js";

const runTasks = fakeTasks();
const { Driver } = await import("../driver.js");
const { EngineLoader } = await import("../engine-loader.js");

/** Timers that stand still in a freeze, and are late after it. */
class Timers {
  mono = 10_000;
  #next = 1;
  /** @type {Map<number, {at: number, call: () => void, every?: number}>} */
  #set = new Map();

  constructor(t) {
    const wall = 1_800_000_000_000;
    t.mock.method(performance, "now", () => this.mono);
    t.mock.method(Date, "now", () => wall + this.mono);
    t.mock.method(globalThis, "setTimeout", (call, ms = 0) => {
      this.#set.set(this.#next, { at: this.mono + Math.max(ms, 1), call });
      return this.#next++;
    });
    t.mock.method(globalThis, "setInterval", (call, every) => {
      this.#set.set(this.#next, { at: this.mono + every, call, every });
      return this.#next++;
    });
    for (const clear of ["clearTimeout", "clearInterval"]) t.mock.method(globalThis, clear, (id) => void this.#set.delete(id));
  }

  /** Runs the first timer up to a time. @returns {boolean} whether there was one */
  run(until) {
    let first;
    for (const [id, { at }] of this.#set) if (at <= until && (first === undefined || at < this.#set.get(first).at)) first = id;
    if (first === undefined) {
      this.mono = Math.max(this.mono, until);
      return false;
    }
    const { at, call, every } = this.#set.get(first);
    this.mono = Math.max(this.mono, at);
    if (every) this.#set.set(first, { at: this.mono + every, call, every });
    else this.#set.delete(first);
    call();
    return true;
  }
}

/** A feed with a log, and a network whose connections may hang without a sign. */
export class FrozenWorld {
  got = [];
  gaps = [];
  errors = [];
  name = "connecting";
  guarded = false;
  log = 0;
  frozen = false;
  /** @type {Map<FakeSocket, number>} the last event that a socket was sent */
  #sent = new Map();
  /** @type {Set<FakeSocket>} nothing comes from them any more */
  dead = new Set();
  /** @type {(() => void)[]} what comes when the page runs again */
  #waiting = [];
  #loads = [];

  constructor(t, rand) {
    runTasks();
    this.timers = new Timers(t);
    this.sockets = fakeSockets(t);
    this.rand = rand;
    const loader = new EngineLoader(() => new Promise((resolve, reject) => this.#loads.push({ resolve, reject })), rand);
    this.driver = new Driver(
      {
        url: () => "ws://h/",
        status: ({ name }) => (this.name = name),
        unguarded() {},
        deliver: ({ id }) => this.got.push(Number(id)),
        paused() {},
        lagChanged() {},
        gap: ({ reason }) => this.gaps.push(reason),
        rtt() {},
        control() {},
        error: ({ code, message }) => this.errors.push(`${code}: ${message}`),
      },
      {
        loader: {
          wait: (waiter) =>
            loader.wait({
              ...waiter,
              ready: (engine) => {
                this.guarded = true;
                waiter.ready(engine);
              },
            }),
          hurry: () => loader.hurry(),
        },
        ...driverSettings,
      },
    );
    this.driver.start();
  }

  get live() {
    return this.name === "live" && this.got.length === this.log;
  }

  /** Something comes from outside: at once, or after the freeze. */
  #comes(call) {
    if (this.frozen) this.#waiting.push(call);
    else call();
  }

  publish(n) {
    this.log += n;
  }

  /** The engine's file comes, or cannot be had. */
  load(ok = true) {
    const load = this.#loads.shift();
    if (load) this.#comes(() => (ok ? load.resolve(makeEngine()) : load.reject(new Error("503"))));
  }

  /** What is under way is lost, and neither side hears of it, or the page does. */
  cut(silent) {
    for (const socket of this.sockets) {
      if (socket.readyState > 1 || this.dead.has(socket)) continue;
      this.dead.add(socket);
      if (!silent) this.#comes(() => socket.closed === undefined && socket.end(1006, ""));
    }
  }

  /** The server answers what has come to it. */
  #serve() {
    for (const socket of this.sockets) {
      if (this.dead.has(socket) || socket.closed !== undefined || socket.readyState > 1) continue;
      if (!this.#sent.has(socket)) {
        const after = new URL(socket.href).searchParams.get("after");
        this.#sent.set(socket, after === null ? 0 : Number(after));
        const hello = { wakesocket: "hello", resumed: after !== null, at: after ?? "0", live: false };
        this.#comes(() => socket.open());
        this.#comes(() => socket.receive(hello));
      }
      const events = [];
      for (let id = this.#sent.get(socket) + 1; id <= this.log; id++) events.push({ id: `${id}`, data: id });
      this.#sent.set(socket, this.log);
      if (events.length > 0) this.#comes(() => socket.receive(events));
      const position = { wakesocket: "position", at: `${this.log}`, live: true };
      this.#comes(() => socket.receive(position));
      for (; socket.sent.includes("ping"); socket.sent.splice(socket.sent.indexOf("ping"), 1)) this.#comes(() => socket.receive("pong"));
    }
  }

  /** Time goes by, with a network that works but for what is dead. */
  async pass(ms) {
    if (this.frozen) {
      this.timers.mono += ms;
      this.#serve();
      return;
    }
    const end = this.timers.mono + ms;
    while (this.timers.mono < end) {
      this.#serve();
      const until = Math.min(this.timers.mono + 100, end);
      do {
        runTasks();
        await Promise.resolve(); // what is chained takes its turns while the time goes by
      } while (this.timers.run(until));
      runTasks();
    }
  }

  freeze() {
    this.frozen = true;
  }

  /** The order of a page's first tasks after a freeze is not certain. */
  async thaw() {
    if (!this.frozen) return;
    this.frozen = false;
    const arrived = this.#waiting.splice(0);
    const late = [
      () => {
        for (const call of arrived) call();
      },
      () => {
        while (this.timers.run(this.timers.mono));
      },
      () => this.driver.wake("wake"),
    ];
    while (late.length > 0) {
      late.splice(Math.floor(this.rand() * late.length), 1)[0]();
      runTasks();
      await Promise.resolve();
    }
  }
}
