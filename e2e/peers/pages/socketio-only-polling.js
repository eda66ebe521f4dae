import { io } from "socket.io-client";

io(`http://${self.server}`, { transports: ["polling"] }).on("event", (event) => receive(event));
