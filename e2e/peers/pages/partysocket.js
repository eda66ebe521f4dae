import { WebSocket } from "partysocket";

const ws = new WebSocket(`ws://${location.host}/feed`);
ws.addEventListener("message", (event) => (document.querySelector("output").textContent = event.data));
