import { Server } from "./shared-world.js";
import { matches } from "../limits.js";

/** A server that sends only the newest events of topics that a client names so. */
export class ChoosingServer extends Server {
  counting = "c";

  accept(socket) {
    socket.latest = socket.query.getAll("latest").map((rule) => rule.slice(rule.indexOf(",") + 1));
    socket.since = socket.query.get("since");
    super.accept(socket);
  }

  tell(socket, data) {
    if (data.wakesocket === "hello") {
      data.latest = this.counting;
      socket.sent = new Map(); // by topic: the number of the event that was sent last
      socket.from = Number((socket.since ?? data.at).split("-")[1]);
    }
    const told = data.wakesocket === "position" && data.live && socket.latest.length > 0;
    if (told) this.choose(socket); // whoever is told to be live has the newest of each topic
    super.tell(socket, data);
  }

  flush(socket) {
    const { length } = this.log;
    const events = this.log.slice(socket.next).filter(({ topic }) => socket.topics.some((name) => matches(name, topic)) && !this.#chosen(socket, topic));
    socket.next = length;
    if (events.length > 0) this.tell(socket, events);
  }

  /** Sends the newest of each topic that has changed, with how many were passed over. */
  choose(socket) {
    const number = ({ id }) => Number(id.split("-")[1]);
    const events = [];
    for (const topic of new Set(this.log.map(({ topic }) => topic))) {
      if (!this.#chosen(socket, topic)) continue;
      const all = this.log.filter((event) => event.topic === topic);
      const fresh = all.filter((event) => number(event) > (socket.sent.get(topic) ?? socket.from));
      if (fresh.length === 0) continue;
      const event = { ...fresh.at(-1), skipped: fresh.length - 1 || undefined };
      if (!socket.sent.has(topic)) event.count = all.length;
      socket.sent.set(topic, number(event));
      events.push(event);
    }
    this.tell(socket, { wakesocket: "latest", events, at: `${this.epoch}-${this.log.length}` });
  }

  #chosen(socket, topic) {
    return socket.latest.some((name) => matches(name, topic));
  }
}
