// A Socket.IO server that emits each line of its input as an event, and ends with
// its input. Its first line of output is its port.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { cors: { origin: "*" } });
http.listen(0, "127.0.0.1", () => console.log(http.address().port));
for await (const line of createInterface({ input: process.stdin })) io.emit("event", JSON.parse(line));
process.exit();
