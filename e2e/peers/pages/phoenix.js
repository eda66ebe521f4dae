import { Socket } from "phoenix";

const socket = new Socket("/socket");
socket.connect();
const channel = socket.channel("feed", {});
channel.on("event", (event) => (document.querySelector("output").textContent = JSON.stringify(event)));
channel.join();
