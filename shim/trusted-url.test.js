import assert from "node:assert/strict";
import { test } from "node:test";

const load = (number) => import(`./trusted-url.js?${number}`);

test("where the browser has no Trusted Types, the address stays a string", async () => {
  const { trustedURL } = await load(1);
  assert.deepEqual(trustedURL("http://h/w.js"), { href: "http://h/w.js", forbidden: "" });
});

test("the address comes from one policy, and a page that forbids it is told what to add", async (t) => {
  t.after(() => delete globalThis.trustedTypes);
  const made = [];
  globalThis.trustedTypes = {
    createPolicy(name, rules) {
      made.push(name);
      return { createScriptURL: (url) => ({ trusted: rules.createScriptURL(url) }) };
    },
  };
  const { trustedURL } = await load(2);
  assert.deepEqual(trustedURL("http://h/w.js"), { href: { trusted: "http://h/w.js" }, forbidden: "" });
  assert.deepEqual(trustedURL("http://h/v.js").href, { trusted: "http://h/v.js" });
  assert.deepEqual(made, ["wakesocket"]);

  globalThis.trustedTypes.createPolicy = () => {
    throw new TypeError("the page's policy forbids this name");
  };
  const forbidden = (await load(3)).trustedURL("http://h/w.js");
  assert.equal(forbidden.href, "http://h/w.js");
  assert.match(forbidden.forbidden, /trusted-types/);
});
