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
    this.href = href;
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

/** Replaces the page's sockets and its message channel until the test ends. Tasks run when the test says so. */
export function fakeSockets(t) {
  FakeSocket.made = [];
  const { WebSocket, MessageChannel } = globalThis;
  globalThis.WebSocket = FakeSocket;
  const tasks = [];
  globalThis.MessageChannel = class {
    port1 = {};
    port2 = { postMessage: () => tasks.push(() => this.port1.onmessage()) };
  };
  t.after(() => Object.assign(globalThis, { WebSocket, MessageChannel }));
  return {
    sockets: FakeSocket.made,
    /** Runs tasks until none is left. */
    run() {
      for (let task; (task = tasks.shift()); ) task();
    },
  };
}
