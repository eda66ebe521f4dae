import { createServer } from "node:http";
import { existsSync, readFileSync } from "node:fs";

const file = new URL("../../dist/client.wasm", import.meta.url);
if (!existsSync(file)) throw new Error("dist/client.wasm is missing; run ./build.sh first");
export const clientWasm = readFileSync(file);

/** Sends the real client.wasm as a server should. */
export function sendWasm(_, response) {
  response.writeHead(200, { "Content-Type": "application/wasm" }).end(clientWasm);
}

/**
 * A server for one test. Its answers can be exchanged while it runs.
 * @returns {Promise<{href: string, requests: import("node:http").IncomingMessage[], answer: Function}>}
 */
export async function serve(t, answer = sendWasm) {
  const site = { href: "", requests: [], answer };
  const server = createServer((request, response) => {
    site.requests.push(request);
    site.answer(request, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  site.href = `http://127.0.0.1:${server.address().port}/client.wasm`;
  return site;
}
