import ReconnectingWebSocket from "reconnecting-websocket";

const ws = new ReconnectingWebSocket(`ws://${location.host}/feed`);
ws.addEventListener("message", (event) => receive(JSON.parse(event.data).data));
