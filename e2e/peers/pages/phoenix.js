import { Socket } from "phoenix";

const socket = new Socket(`ws://${self.server}/socket`);
socket.connect();
const channel = socket.channel("feed", {});
channel.on("event", (event) => receive(event));
channel.join();
