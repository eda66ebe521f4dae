// The client of "WebSockets die silently", written after the article's words:
// what it does, it does here, double redials included.

const beat = 25_000,
  patience = 10_000,
  firstWait = 1000,
  longestWait = 30_000;

class ResilientSocket {
  /** @type {WebSocket | undefined} */
  #ws;
  /** @type {string | undefined} */
  #last;
  #wait = firstWait;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #beats;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #verdict;

  /** @param {string} url @param {(event: any) => void} received */
  constructor(url, received) {
    this.url = url;
    this.received = received;
    this.connect();
    self.document?.addEventListener("visibilitychange", () => {
      if (document.visibilityState !== "visible") return;
      if (this.#ws?.readyState === WebSocket.OPEN) this.ping();
      else this.connect();
    });
  }

  connect() {
    const ws = new WebSocket(this.url + (this.#last ? `?after=${encodeURIComponent(this.#last)}` : ""));
    this.#ws = ws;
    ws.onopen = () => {
      this.#wait = firstWait;
      clearInterval(this.#beats);
      this.#beats = setInterval(() => this.ping(), beat);
    };
    ws.onmessage = ({ data }) => {
      if (data === "pong") return clearTimeout(this.#verdict);
      const event = JSON.parse(data);
      if (event.id) this.#last = event.id;
      this.received(event);
    };
    ws.onclose = () => {
      clearInterval(this.#beats);
      clearTimeout(this.#verdict);
      setTimeout(() => this.connect(), Math.min(this.#wait + Math.random() * 1000, longestWait));
      this.#wait = Math.min(2 * this.#wait, longestWait);
    };
  }

  ping() {
    const ws = this.#ws;
    if (ws?.readyState !== WebSocket.OPEN) return;
    ws.send("ping");
    clearTimeout(this.#verdict);
    this.#verdict = setTimeout(() => ws.close(), patience);
  }
}

new ResilientSocket(`ws://${self.server}/feed`, (event) => receive(event.data));
