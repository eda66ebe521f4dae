import { io } from "socket.io-client";

// As by default: it begins with polling, and changes to a WebSocket.
io(`http://${self.server}`).on("event", (event) => receive(event));
