import assert from "node:assert/strict";
import { test } from "node:test";
import { build } from "./boundary.gen.js";
import { clientWasm, sendWasm, serve } from "./testing/serve.js";
import "./testing/wasm-exec.js";

const { Engine, engineLoader, useCompiler } = await import("./engine.js");

const now = () => ({ mono: performance.now(), wall: Date.now() });
const load = (href, again = false) => Engine.load(href, new AbortController().signal, again);

test("the real client.wasm runs sessions", async (t) => {
  const site = await serve(t);
  const engine = await load(site.href);
  const session = engine.open({ after: "e-1", visible: true, online: true }, assert.fail);
  const other = engine.open({}, assert.fail);
  assert.notEqual(session, other);

  const effects = engine.step(session, { type: "start" }, now());
  const dial = effects.find((effect) => effect.type === "dial");
  assert.equal(dial.after, "e-1");
  assert.ok(effects.some((effect) => effect.type === "state" && effect.name === "connecting"));
  assert.ok(effects.find((effect) => effect.type === "timer").at > performance.now());

  const { generation } = dial;
  const all = [
    { type: "urlReady", generation },
    { type: "opened", generation },
    { type: "hello", generation, resumed: true, position: "e-1", live: true, heartbeat: 0, firstRetryWindow: 0, gap: null },
    { type: "events", generation, ids: ["e-2", "", "e-2"], contents: [] },
  ].flatMap((input) => engine.step(session, input, now()) ?? []);
  assert.ok(all.some((effect) => effect.type === "ping" && effect.generation === generation));
  assert.ok(all.some((effect) => effect.type === "state" && effect.name === "live"));
  assert.deepEqual(
    all.findLast((effect) => effect.type === "deliver"),
    { type: "deliver", mask: "110", held: 0, cursor: "e-2" },
  );

  engine.drop(session);
  assert.deepEqual(engine.step(session, { type: "tick" }, now()) ?? [], []);
  assert.ok(engine.step(other, { type: "start" }, now()).length > 0);
});

test("a client.wasm of another build is refused, and both builds are named", async (t) => {
  const other = Buffer.from(clientWasm);
  const at = other.indexOf(build);
  assert.ok(at > 0, "client.wasm names its build");
  other.write("0.0.9", at);
  const site = await serve(t, (_, response) => response.writeHead(200, { "Content-Type": "application/wasm" }).end(other));
  await assert.rejects(load(site.href), {
    code: "engine-failed",
    message: `the engine did not start: ${site.href} is of build ${build.replace(/^...../, "0.0.9")}, and this shim.js needs build ${build}; serve the client.wasm and the shim.js of one build`,
  });
});

test("what a page has given to all objects is no option of a session", async (t) => {
  const site = await serve(t);
  const engine = await load(site.href);
  t.after(() => ["after", "minUptime"].forEach((name) => delete Object.prototype[name]));
  Object.assign(Object.prototype, { after() {}, minUptime: "x" });
  assert.ok(engine.open({ visible: true, online: true }, assert.fail) > 0);
});

test("options that the session refuses are an error that names them", async (t) => {
  const site = await serve(t);
  const engine = await load(site.href);
  assert.throws(() => engine.open({ heartbeat: 1 }, assert.fail), { code: "options-invalid", message: /heartbeat/ });
});

test("an input of another build ends the engine and is told", async (t) => {
  const site = await serve(t);
  const engine = await load(site.href);
  let ended = 0;
  engine.ended = () => ended++;
  const died = [];
  const session = engine.open({}, (error) => died.push(`a ${error.code}: ${error.message}`));
  engine.open({}, (error) => died.push(`b ${error.code}: ${error.message}`));
  assert.equal(engine.step(session, { type: "opened", generation: "one" }, now()), undefined);
  assert.equal(ended, 1);
  assert.equal(died.length, 2);
  assert.match(died[0], /^a engine-failed: the engine died: /);
  assert.match(died[1], /^b engine-failed: the engine died: /);
  assert.equal(engine.step(session, { type: "start" }, now()), undefined);
  assert.throws(() => engine.open({}, assert.fail), { code: "engine-failed", message: "the engine is gone" });
  engine.drop(session);
  assert.deepEqual([ended, died.length], [1, 2]);
});

test("a session that was dropped is not told of the engine's death", async (t) => {
  const site = await serve(t);
  const engine = await load(site.href);
  const session = engine.open({}, () => {});
  engine.drop(engine.open({}, assert.fail));
  engine.step(session, { type: "opened", generation: "one" }, now());
});

test("a file that is not client.wasm is an error that names it", async (t) => {
  const site = await serve(t, (_, response) => response.writeHead(503).end());
  await assert.rejects(load(site.href), {
    code: "engine-failed",
    message: `the engine did not start: ${site.href} cannot be loaded (the server answers 503): put the client.wasm of this version there, or set wasmURL to where it is`,
  });
});

test("one loader serves a page, by address, and loads again what failed", async (t) => {
  const site = await serve(t, (_, response) => response.writeHead(503).end());
  const loader = engineLoader(site.href);
  assert.equal(engineLoader(site.href), loader);
  assert.notEqual(engineLoader(`${site.href}?other`), loader);
  const engine = await new Promise((ready) =>
    loader.wait({
      ready,
      failed(error, attempt) {
        assert.equal(attempt, 1);
        assert.match(error.message, /503/);
        site.answer = sendWasm;
        setTimeout(() => loader.hurry(), 500);
      },
    }),
  );
  assert.ok(engine.open({}, assert.fail) > 0);
  assert.equal(site.requests.length, 2);
  assert.equal(site.requests[0].headers["cache-control"], undefined);
  assert.equal(site.requests[1].headers["cache-control"], "no-cache");
});

test("a load can be given up", async (t) => {
  const site = await serve(t, (_, response) => response.writeHead(200, { "Content-Type": "application/wasm" }).write(clientWasm.subarray(0, 1000)));
  const abort = new AbortController();
  const loading = Engine.load(site.href, abort.signal, false);
  abort.abort();
  await assert.rejects(loading, { code: "engine-failed" });
});

test("what is compiled elsewhere is not loaded here, but for a second try", async (t) => {
  const site = await serve(t);
  const asked = [];
  const module = await WebAssembly.compile(clientWasm);
  let compiled = module;
  useCompiler(async (href) => (asked.push(href), compiled));
  t.after(() => useCompiler(async () => undefined));
  await load(site.href);
  assert.deepEqual([asked, site.requests.length], [[site.href], 0]);
  await load(site.href, true);
  assert.deepEqual([asked.length, site.requests.length], [1, 1]);
  compiled = undefined;
  await load(site.href);
  assert.deepEqual([asked.length, site.requests.length], [2, 2], "nobody could do it");
});
