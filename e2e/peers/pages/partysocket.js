import { WebSocket } from "partysocket";

const ws = new WebSocket(`ws://${location.host}/feed`);
ws.addEventListener("message", (event) => receive(JSON.parse(event.data).data));
