// A feed that keeps its log, a real hub in the place of the shared worker, and tabs
// with real drivers between them. Import it before anything that makes a channel.
import "./wasm-exec.js";
import { clientWasm } from "./serve.js";

const ports = new Set();
const RealChannel = globalThis.MessageChannel;
/** Channels keep the process alive; those of this file are closed at its end. */
globalThis.MessageChannel = class extends RealChannel {
  constructor() {
    super();
    ports.add(this.port1).add(this.port2);
  }
};
export function closeChannels() {
  for (const port of ports) port.close();
}

export const { build } = await import("../boundary.gen.js");
const { matches } = await import("../limits.js");
const { Hub } = await import("../shared-hub.js");
const { SharedDriver } = await import("../shared.js");
const { EngineLoader } = await import("../engine-loader.js");
const { Engine } = await import("../engine.js");
const { runGoProgram } = await import("../go-program.js");

const compiled = await WebAssembly.compile(clientWasm);
export const program = await runGoProgram((imports) => WebAssembly.instantiate(compiled, imports), console.error);

export const turn = () => new Promise((resolve) => setTimeout(resolve));

/** Waits until a condition holds. */
export async function until(what, condition) {
  for (const end = Date.now() + 20_000; !condition(); ) {
    if (Date.now() > end) throw new Error(`this did not come true: ${typeof what === "function" ? what() : what}`);
    await turn();
  }
}

/** A server with a log: hello, resume, topics, positions. */
export class Server {
  log = []; // { id, topic, data }
  first = 0; // what was trimmed before
  sockets = new Set();
  dials = [];
  plain = false;
  refusing = false;
  epoch = "e";
  limits;
  messages = [];
  requests = [];
  mute = false; // requests get no answer
  lag = 0; // turns until it reads what a client has sent
  unread = 0;
  closes = [];

  install(t) {
    const server = this;
    const { WebSocket } = globalThis;
    globalThis.WebSocket = class {
      static OPEN = 1;
      readyState = 0;
      constructor(href) {
        this.query = new URL(href).searchParams;
        server.dials.push(href);
        setTimeout(() => server.accept(this));
      }
      send(text) {
        server.read(this, text);
      }
      close(code) {
        server.sockets.delete(this);
        server.closes.push(code);
        this.readyState = 3;
      }
    };
    t.after(() => (globalThis.WebSocket = WebSocket));
  }

  publish(topic = "a", pad = 0) {
    const event = { id: `${this.epoch}-${this.log.length + 1}`, topic, data: this.log.length + 1, pad: "x".repeat(pad) };
    this.log.push(event);
    for (const socket of this.sockets) this.flush(socket);
    return event;
  }

  accept(socket) {
    if (socket.readyState !== 0) return;
    if (this.refusing) {
      socket.readyState = 3;
      socket.onclose?.({ code: 1006, reason: "" });
      return;
    }
    socket.readyState = 1;
    socket.topics = socket.query.has("topics") ? ["none yet"] : socket.query.getAll("topic");
    const after = socket.query.get("after");
    const at = after === null ? this.log.length : Number(after.split("-")[1]);
    let reason = at < this.first ? "trimmed" : at > this.log.length ? "future" : "";
    if (after !== null && !after.startsWith(`${this.epoch}-`)) reason = "epoch";
    socket.next = reason ? this.first : at;
    this.sockets.add(socket);
    if (!this.plain) {
      const gap = reason ? { after, earliest: this.log[this.first]?.id ?? "", reason } : undefined;
      this.tell(socket, {
        wakesocket: "hello",
        resumed: after !== null && !reason,
        gap,
        at: `${this.epoch}-${socket.next}`,
        live: false,
        time: Date.now(),
        limits: this.limits,
      });
    }
    this.flush(socket);
    if (!this.plain) this.tell(socket, { wakesocket: "position", at: `${this.epoch}-${socket.next}`, live: true });
    socket.onopen?.(); // frames arrive in tasks of their own, the answer to its ping after the hello
  }

  flush(socket) {
    const events = [];
    for (; socket.next < this.log.length; socket.next++) {
      const event = this.log[socket.next];
      if (socket.topics.length === 0 || socket.topics.some((name) => matches(name, event.topic))) events.push(event);
    }
    if (this.plain) for (const event of events) this.tell(socket, event);
    else if (events.length > 0) this.tell(socket, events);
  }

  /** What one client sends is read in its order, after a while. */
  read(socket, text) {
    if (this.lag === 0 && !socket.unread) return this.heard(socket, text);
    const lag = this.lag;
    const before = socket.unread;
    this.unread++;
    socket.unread = (async () => {
      await before;
      for (let i = 0; i < lag; i++) await turn();
      this.unread--;
      if (socket.readyState === 1) this.heard(socket, text);
    })();
  }

  heard(socket, text) {
    if (text === "ping") {
      this.tell(socket, "pong");
      if (!this.plain) this.tell(socket, { wakesocket: "position", at: `${this.epoch}-${socket.next}`, live: true });
      return;
    }
    const message = JSON.parse(text);
    if (message.wakesocket === "topics") {
      if (message.topics.some((name) => name.startsWith("never")))
        return this.tell(socket, { wakesocket: "error", n: message.n, code: "message-invalid", message: "topics were not changed" });
      socket.topics = message.topics;
      if (message.n) this.tell(socket, { wakesocket: "followed", n: message.n, at: `${this.epoch}-${socket.next}` });
    } else if (message.wakesocket === "history" || message.wakesocket === "add") this.answer(socket, message);
    else this.messages.push(message);
  }

  /** Answers a request, unless the test keeps it. */
  answer(socket, message) {
    const { wakesocket, n, topics, topic, last, after, limit = 100, before } = message;
    this.requests.push(message);
    if (this.mute) return;
    const at = `${this.epoch}-${socket.next}`;
    const wanted = topics ?? [topic];
    if (wanted.includes("secret")) return this.tell(socket, { wakesocket: "error", n, code: "topic-forbidden", message: "secret may not be read" });
    const number = (id) => Number(id.split("-")[1]);
    const past = this.log.slice(this.first, before ? number(before) - 1 : socket.next).filter((event) => wanted.some((name) => matches(name, event.topic)));
    if (wakesocket === "history") {
      const events = past.slice(-limit);
      return this.tell(socket, {
        wakesocket,
        n,
        events,
        from: `${this.epoch}-${events.length > 0 ? number(events[0].id) - 1 : 0}`,
        complete: events.length === past.length,
      });
    }
    if (socket.topics.length > 0) socket.topics = [...new Set([...socket.topics, ...topics])]; // else it gets all
    const earlier = last
      ? past.filter(
          (event) => past.filter((other) => other.topic === event.topic).indexOf(event) >= past.filter((other) => other.topic === event.topic).length - last,
        )
      : past.filter(({ id }) => after && number(id) > number(after));
    const half = Math.ceil(earlier.length / 2);
    for (const events of [earlier.slice(0, half), earlier.slice(half)])
      if (events.length > 0) this.tell(socket, { wakesocket: "history", n, events, more: true });
    const gap = after && number(after) < this.first ? { after, earliest: earlier[0]?.id ?? "", reason: "limited" } : undefined;
    this.tell(socket, { wakesocket: "followed", n, at, gap });
  }

  tell(socket, data) {
    const text = typeof data === "string" ? data : JSON.stringify(data);
    setTimeout(() => socket.readyState === 1 && socket.onmessage?.({ data: text }));
  }

  /** All connections are lost. */
  cut() {
    for (const socket of this.sockets) {
      socket.readyState = 3;
      socket.onclose?.({ code: 1006, reason: "" });
    }
    this.sockets.clear();
  }
}

/** A port whose messages wait while the tab is frozen. */
function heldPort(port, tab) {
  const held = [];
  tab.held = held;
  port.onmessage = ({ data }) => {
    if (tab.frozen || held.length > 0) held.push(data);
    else facade.onmessage?.({ data });
  };
  tab.post = (message) => port.postMessage(message);
  const facade = { onmessage: null, postMessage: (message) => port.postMessage(message) };
  tab.release = () => {
    for (const data of held.splice(0)) facade.onmessage?.({ data });
  };
  return facade;
}

/** A worker whose script is the hub, and the ports that lead to it. */
export class Worker {
  tabs = [];

  constructor(t, { build: own = build, ringBytes = 4 << 20, topicsLinger = 5_000 } = {}) {
    this.loaded = 0;
    const loader = new EngineLoader(async () => {
      this.loaded++;
      return new Engine(program);
    });
    this.hub = new Hub({ build: own, loader: () => loader, limits: { ringBytes, topicsLinger } });
    const worker = this;
    globalThis.SharedWorker = class {
      constructor(href, { name }) {
        worker.names = [...(worker.names ?? []), name];
        const { port1, port2 } = new MessageChannel();
        this.port = heldPort(port1, worker.tabs[Number(new URL(href).hash.slice(1))]);
        worker.last = port2;
        setTimeout(() => worker.hub.connect(port2));
      }
    };
    t.after(() => delete globalThis.SharedWorker);
  }
}

/** A tab as the shim makes it: settings, callbacks, and what it got. */
export class Tab {
  got = [];
  earlier = []; // ids of events that were asked for
  gaps = [];
  errors = [];
  states = [];
  frames = [];
  rtts = [];
  asked = [];
  joined = 0;
  alone = [];
  slow = undefined; // called for each event
  moved = undefined; // called when the cursor may have moved
  frozen = false;
  held = []; // what the worker sent meanwhile

  constructor(worker, { topics, after = "", visible = true, url = "ws://h/feed", share = true, tuning = {}, client = "" } = {}) {
    const asks = typeof url === "function";
    const number = worker.tabs.push(this) - 1; // by which the worker finds it
    this.driver = new SharedDriver(
      {
        url: (context) => {
          this.asked.push(context);
          return asks ? url(context) : url;
        },
        status: (status) => {
          this.status = status;
          if (this.states.at(-1) !== status.name) this.states.push(status.name);
        },
        unguarded: (reason) => (this.unguarded = reason),
        deliver: (event, at) => {
          (event.history ? this.earlier : this.got).push(event.id);
          this.lastAt = at;
          this.slow?.(event);
        },
        paused: () => this.moved?.(),
        lagChanged: () => (this.mostLag = Math.max(this.mostLag ?? 0, this.driver.lag)),
        gap: (gap) => this.gaps.push(gap),
        rtt: (ms) => this.rtts.push(ms),
        control: (frame) => this.frames.push(frame),
        error: (error) => this.errors.push(error.code),
      },
      { loader: undefined, client, tuning, visible, online: true, topics, after },
      {
        share,
        asks,
        client,
        wasm: "client.wasm",
        workerURL: `http://h/shared-worker.js#${number}`,
        error: (code, message) => this.errors.push(`${code}: ${message}`),
        joined: () => this.joined++,
        alone: (reason) => {
          this.alone.push(reason);
          return (this.own = { history: async (question) => question, addTopics: async () => "own", removeTopics: async () => "own" });
        },
      },
    );
    this.driver.start();
  }

  freeze() {
    this.frozen = true;
  }

  thaw() {
    this.frozen = false;
    this.release?.();
  }

  get live() {
    return this.status?.name === "live";
  }
}

/** A server, a worker and its tabs for one test. */
export function sharedWorld(t, options) {
  const server = new Server();
  const tabs = [];
  t.after(async () => {
    for (const tab of tabs) {
      tab.thaw();
      tab.driver.stop();
    }
    await until("the worker forgets all tabs", () => worker.hub.size === 0);
  });
  // After that hook, so that there are sockets while the tabs leave.
  server.install(t);
  const worker = new Worker(t, options);
  const open = (how) => {
    const tab = new Tab(worker, how);
    tabs.push(tab);
    return tab;
  };
  /** Opens a tab that is live. */
  const openLive = async (how) => {
    const tab = open(how);
    await until("the tab is live", () => tab.live);
    return tab;
  };
  return { server, worker, open, openLive, tabs };
}
