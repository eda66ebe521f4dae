import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { serve } from "./testing/serve.js";

const program = fileURLToPath(new URL("./testing/page-of-tests.js", import.meta.url));

for (const name of ["jsdom", "happy-dom"]) {
  test(`the shim works in ${name}`, async (t) => {
    const site = await serve(t);
    const { stdout } = await promisify(execFile)(process.execPath, [program, name, site.href], { timeout: 180_000 });
    assert.deepEqual(JSON.parse(stdout.trim().split("\n").at(-1)), { state: "live", got: [1], marks: ["false", "false"], badge: "live" });
  });
}
