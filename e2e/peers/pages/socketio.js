import { io } from "socket.io-client";

// By default it begins with polling; there would be no socket to watch.
const socket = io(`http://${self.server}`, { transports: ["websocket"] });
socket.on("event", (event) => receive(event));
