/** Sockets as the browser makes them, moved by the test. */
export class FakeSocket {
  static OPEN = 1;
  /** @type {FakeSocket[]} */
  static made = [];
  readyState = 0;
  sent = [];
  closed = undefined;

  constructor(href) {
    if (href.includes("refused")) throw new Error("refused by the browser");
    this.href = this.url = href;
    FakeSocket.made.push(this);
  }

  open() {
    this.readyState = 1;
    this.onopen?.();
  }

  /** The server sends text, or an object as JSON. */
  receive(data) {
    this.onmessage?.({ data: typeof data === "object" ? JSON.stringify(data) : data });
  }

  /** The server or the network ends it. */
  end(code = 1006, reason = "") {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }

  send(text) {
    this.sent.push(text);
  }

  close(code) {
    this.closed = code;
    this.readyState = 2;
  }
}

/**
 * Replaces the page's sockets until the test ends.
 * @returns {FakeSocket[]} those that were made, the oldest first
 */
export function fakeSockets(t) {
  FakeSocket.made = [];
  const { WebSocket } = globalThis;
  globalThis.WebSocket = FakeSocket;
  t.after(() => (globalThis.WebSocket = WebSocket));
  return FakeSocket.made;
}

/**
 * Replaces the page's message channel, before a module that makes one is imported.
 * @returns {() => void} runs tasks until none is left
 */
export function fakeTasks() {
  const tasks = [];
  globalThis.MessageChannel = class {
    port1 = {};
    port2 = { postMessage: () => tasks.push(() => this.port1.onmessage()) };
  };
  return () => {
    for (let task; (task = tasks.shift()); ) task();
  };
}
