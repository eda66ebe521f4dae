import assert from "node:assert/strict";
import { test } from "node:test";
import { fetchWasm, instantiateWasm } from "./fetch-wasm.js";
import { serve } from "./testing/serve.js";

/** A module that exports the memory "m" and imports nothing. */
const small = Buffer.from("0061736d010000000503010001070501016d0200", "hex");

/** A module that imports the function "g.f". */
const importing = Buffer.from("0061736d01000000010401600000020701016701660000", "hex");

const send =
  (type, bytes, status = 200) =>
  (_, response) =>
    response.writeHead(status, type ? { "Content-Type": type } : {}).end(bytes);

for (const { name, answer } of [
  { name: "the right type", answer: send("application/wasm", small) },
  { name: "the right type with a parameter", answer: send("application/wasm; charset=x", small) },
  { name: "a wrong type", answer: send("application/octet-stream", small) },
  { name: "no type", answer: send("", small) },
]) {
  test(`loads: ${name}`, async (t) => {
    const site = await serve(t, answer);
    const instance = await instantiateWasm(site.href, await fetchWasm(site.href), {});
    assert.ok(instance.exports.m instanceof WebAssembly.Memory);
  });
}

test("loads: a browser without streaming", async (t) => {
  const site = await serve(t, send("application/wasm", small));
  const streaming = WebAssembly.compileStreaming;
  t.after(() => (WebAssembly.compileStreaming = streaming));
  WebAssembly.compileStreaming = undefined;
  assert.ok((await fetchWasm(site.href)) instanceof WebAssembly.Module);
});

for (const { name, answer, message } of [
  {
    name: "an error of the server",
    answer: send("text/html", "deploying", 503),
    message: /client\.wasm cannot be loaded \(the server answers 503\): put the client\.wasm .* set wasmURL/,
  },
  {
    name: "a page instead of the file",
    answer: send("text/html", "<!doctype html>"),
    message: /served as text\/html, is not the client.wasm of this shim.js \(the file does not begin like WebAssembly\): put the client\.wasm .* set wasmURL/,
  },
  { name: "a page with the right type", answer: send("application/wasm", "<!doctype html>"), message: /served as application\/wasm, is not the client\.wasm/ },
  { name: "half a file", answer: send("application/wasm", small.subarray(0, 12)), message: /served as application\/wasm, is not the client\.wasm/ },
  { name: "half a file without a type", answer: send("", small.subarray(0, 12)), message: /served as no type, is not the client\.wasm/ },
  { name: "a connection that breaks", answer: (request) => request.socket.destroy(), message: /client\.wasm cannot be loaded \(/ },
]) {
  test(`refuses: ${name}`, async (t) => {
    const site = await serve(t, answer);
    await assert.rejects(fetchWasm(site.href), message);
  });
}

test("refuses: the file of another program", async () => {
  const module = await WebAssembly.compile(importing);
  await assert.rejects(instantiateWasm("http://h/client.wasm", module, {}), {
    message: /^http:\/\/h\/client\.wasm is not the client\.wasm of this shim\.js \(.*: put/,
  });
});

test("gives up when it is told to", async (t) => {
  const site = await serve(t, () => {});
  const abort = new AbortController();
  const loading = fetchWasm(site.href, { signal: abort.signal });
  abort.abort();
  await assert.rejects(loading, /cannot be loaded \(.*abort/);
});

test("a policy that forbids WebAssembly is named, with what to change", async (t) => {
  const site = await serve(t);
  const { compileStreaming } = WebAssembly;
  t.after(() => (WebAssembly.compileStreaming = compileStreaming));
  WebAssembly.compileStreaming = async () => {
    throw new WebAssembly.CompileError("Refused to compile or instantiate WebAssembly module because 'unsafe-eval' is not an allowed source of script");
  };
  await assert.rejects(fetchWasm(site.href), { message: /Content-Security-Policy forbids WebAssembly; add 'wasm-unsafe-eval' to its script-src/ });
});

test("a browser without WebAssembly is reported as that", async (t) => {
  const { WebAssembly } = globalThis;
  t.after(() => (globalThis.WebAssembly = WebAssembly));
  delete globalThis.WebAssembly;
  await assert.rejects(fetchWasm("http://127.0.0.1/"), { message: "this browser has no WebAssembly, or it is switched off" });
});
