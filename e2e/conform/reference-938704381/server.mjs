import { WebSocketServer } from "ws";

const keeps = 1000; // events in the log
const epoch = Date.now().toString(36); // an id is never used again after a restart
const log = [];
let count = 0;
const server = new WebSocketServer({ port: Number(process.env.PORT ?? 8080), maxPayload: 1 << 20 });

export function publish(topic, data) {
  const event = { id: `${epoch}-${++count}`, topic, time: Date.now(), data };
  log.push(event);
  if (log.length > keeps) log.shift();
  for (const client of server.clients) deliver(client, event);
}

function deliver(client, event) {
  if (client.bufferedAmount > 4 << 20) client.terminate(); // too slow: it comes back with after=
  if (client.topics.length === 0 || client.topics.includes(event.topic)) client.send(JSON.stringify(event));
}

server.on("connection", (client, request) => {
  const query = new URL(request.url, "http://localhost").searchParams;
  client.topics = query.getAll("topic");
  if (query.get("token") === "expired") return client.close(4401, "token expired");

  const first = count - log.length; // the log holds the events after this number
  const after = query.get("after");
  const number = after === null ? count : Number(after.slice(epoch.length + 1));
  const known = after === null || (after === `${epoch}-${number}` && number >= first && number <= count);
  const from = known ? number : first;
  if (query.get("wakesocket") === "1") {
    const gap = known ? undefined : { after, earliest: log[0]?.id ?? "", reason: "trimmed" };
    const hello = { wakesocket: "hello", resumed: after !== null && known, gap, at: `${epoch}-${from}`, live: from === count };
    client.send(JSON.stringify(hello));
  }
  for (const event of log.slice(from - first)) deliver(client, event);
  if (query.get("wakesocket") === "1" && from < count) {
    client.send(JSON.stringify({ wakesocket: "position", at: `${epoch}-${count}`, live: true }));
  }

  client.on("message", (data) => {
    const text = String(data);
    if (text === "ping") return client.send("pong");
    try {
      const message = JSON.parse(text);
      if (message.wakesocket === "topics") client.topics = message.topics;
    } catch {
      client.send(JSON.stringify({ wakesocket: "error", code: "message-invalid", message: "neither ping nor JSON" }));
    }
  });
});

setInterval(() => publish(Math.random() < 0.5 ? "cpu" : "disk", { load: Math.random() }), Number(process.env.PERIOD ?? 1000));
