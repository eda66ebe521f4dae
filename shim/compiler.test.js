import assert from "node:assert/strict";
import { test } from "node:test";
import { serve } from "./testing/serve.js";
import "./testing/wasm-exec.js";

/** A copy of its own, as a page or a worker has it. @returns {Promise<typeof import("./compiler.js")>} */
const load = () => import(`./compiler.js?${Math.random()}`);

/** Sets globals until the test ends. */
function globals(t, values) {
  for (const [name, value] of Object.entries(values)) {
    const old = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    t.after(() => (old ? Object.defineProperty(globalThis, name, old) : delete globalThis[name]));
  }
}

/** A page whose workers answer as the test says. */
async function page(t, answer, href = "http://h/a/shim.js?v=1") {
  const workers = [];
  class Worker {
    constructor(href, options) {
      workers.push(Object.assign(this, { href, options, ended: 0 }));
    }
    postMessage(data) {
      answer(this, data);
    }
    terminate() {
      this.ended++;
    }
  }
  globals(t, { document: {}, Worker });
  const compiler = await load();
  compiler.offerCompiler(href);
  return { workers, compile: (signal = new AbortController().signal) => compiler.compileInWorker("http://h/client.wasm", signal) };
}

test("a worker with the script of the page compiles, and ends", async (t) => {
  const module = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  const { workers, compile } = await page(t, (worker, data) => worker.onmessage({ data: { module, data } }));
  assert.equal(await compile(), module);
  const [{ href, options, ended }] = workers;
  assert.deepEqual([href, options.type, ended, workers.length], ["http://h/a/shim.js?v=1", "module", 1, 1]);
});

test("a file of no use is reported in the worker's words", async (t) => {
  const { workers, compile } = await page(t, (worker) => worker.onmessage({ data: { reason: "the server answers 503" } }));
  await assert.rejects(compile(), { message: "the server answers 503" });
  assert.equal(workers[0].ended, 1);
});

for (const [name, answer] of Object.entries({
  "may not compile": (worker) => worker.onmessage({ data: {} }),
  "cannot be loaded": (worker) => worker.onerror({ preventDefault() {} }),
  "cannot send the module": (worker) => worker.onmessageerror({}),
})) {
  test(`a worker that ${name} leaves it to the page`, async (t) => {
    const { workers, compile } = await page(t, answer);
    assert.equal(await compile(), undefined);
    assert.equal(workers[0].ended, 1);
  });
}

test("a worker that does not answer ends when it is given up", async (t) => {
  const { workers, compile } = await page(t, () => {});
  const abort = new AbortController();
  const compiled = compile(abort.signal);
  abort.abort();
  await assert.rejects(compiled, { message: "given up" });
  assert.equal(workers[0].ended, 1);
});

for (const [name, change] of Object.entries({
  "the script is a bundle": () => {},
  "there is no document": (t) => globals(t, { document: undefined }),
  "there are no workers": (t) => globals(t, { Worker: undefined }),
  "the page may not compile": (t) =>
    globals(t, {
      WebAssembly: {
        Module: class {
          constructor() {
            throw new Error("unsafe-eval");
          }
        },
      },
    }),
  "the page refuses the script's address": (t) =>
    globals(t, {
      trustedTypes: {
        createPolicy() {
          throw new Error("no");
        },
      },
    }),
  "the worker cannot be made": (t) =>
    globals(t, {
      Worker: class {
        constructor() {
          throw new Error("origin");
        }
      },
    }),
  "it is given up already": () => {},
})) {
  test(`no worker is asked when ${name}`, async (t) => {
    const { workers, compile } = await page(t, assert.fail, name.endsWith("bundle") ? "http://h/app.js" : undefined);
    change(t);
    assert.equal(await compile(name.endsWith("already") ? AbortSignal.abort() : undefined), undefined);
    assert.equal(workers.length, 0);
  });
}

/** What a worker answers. */
async function worker(t, href, values = {}) {
  const answers = [];
  globals(t, { document: undefined, name: "wakesocket compiler", onmessage: undefined, postMessage: (answer) => answers.push(answer), ...values });
  (await load()).offerCompiler("http://h/shim.js");
  await globalThis.onmessage({ data: href });
  return answers;
}

test("the worker compiles client.wasm and runs its start", async (t) => {
  const { href } = await serve(t);
  const instantiate = t.mock.method(WebAssembly, "instantiate");
  const [{ module, reason }] = await worker(t, href);
  assert.equal(reason, undefined);
  assert.ok(WebAssembly.Module.exports(module).some(({ name }) => name === "run"));
  assert.ok(instantiate.mock.calls.some(({ arguments: [given] }) => given === module));
});

test("the worker says what is wrong with a file", async (t) => {
  const { href } = await serve(t, (_, response) => response.writeHead(503).end());
  const [{ module, reason }] = await worker(t, href);
  assert.equal(module, undefined);
  assert.match(reason, /client\.wasm cannot be loaded \(the server answers 503\)/);
});

test("a program that does not start is left to the page to find out", async (t) => {
  const { href } = await serve(t, (_, response) => response.writeHead(200, { "Content-Type": "application/wasm" }).end(Buffer.from("0061736d01000000", "hex")));
  const [{ module, reason }] = await worker(t, href);
  assert.ok(module instanceof WebAssembly.Module);
  assert.equal(reason, undefined);
});

test("a worker that may not compile says so", async (t) => {
  const { href, requests } = await serve(t);
  assert.deepEqual(await worker(t, href, { WebAssembly: {} }), [{}]);
  assert.equal(requests.length, 0);
});

for (const [what, values] of Object.entries({ "a page of that name": { document: {} }, "a worker of the page": { name: "another" } })) {
  test(`${what} does not serve`, async (t) => {
    globals(t, { document: undefined, name: "wakesocket compiler", onmessage: undefined, ...values });
    (await load()).offerCompiler("http://h/shim.js");
    assert.equal(globalThis.onmessage, undefined);
  });
}
