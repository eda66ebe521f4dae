import ReconnectingWebSocket from "reconnecting-websocket";

const ws = new ReconnectingWebSocket(`ws://${self.server}/feed`);
ws.addEventListener("message", (event) => receive(JSON.parse(event.data).data));
