import { WebSocket } from "partysocket";

const ws = new WebSocket(`ws://${self.server}/feed`);
ws.addEventListener("message", (event) => receive(JSON.parse(event.data).data));
