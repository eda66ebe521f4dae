import assert from "node:assert/strict";
import { test } from "node:test";
import { Dialer, dialAddress } from "./dialer.js";

const dial = (generation) => ({ type: "dial", generation, after: "", fresh: generation > 1, attempt: generation, previous: "" });

function setup(url) {
  const log = [];
  const dialer = new Dialer(url, {
    ready: ({ generation }, href) => log.push(`ready ${generation} ${href}`),
    failed: (generation, thrown) => log.push(`failed ${generation} ${thrown.message}`),
  });
  return { dialer, log };
}

test("an address that is known is used at once", () => {
  const asked = [];
  const { dialer, log } = setup((context) => (asked.push(context), "ws://h/"));
  dialer.dial(dial(1));
  dialer.dial(dial(2));
  assert.deepEqual(log, ["ready 1 ws://h/", "ready 2 ws://h/"]);
  assert.deepEqual(asked, [
    { fresh: false, attempt: 1 },
    { fresh: true, attempt: 2 },
  ]);
});

test("an address is waited for", async () => {
  const { dialer, log } = setup(async () => "ws://h/");
  dialer.dial(dial(1));
  assert.deepEqual(log, []);
  await Promise.resolve();
  await Promise.resolve();
  assert.deepEqual(log, ["ready 1 ws://h/"]);
});

test("what the function throws is reported, now or later", async () => {
  const { dialer, log } = setup(({ attempt }) => {
    if (attempt === 1) throw new Error("now");
    return Promise.reject(new Error("later"));
  });
  dialer.dial(dial(1));
  assert.deepEqual(log, ["failed 1 now"]);
  dialer.dial(dial(2));
  await Promise.resolve();
  assert.deepEqual(log.slice(1), ["failed 2 later"]);
});

test("what comes after its dial was given up is ignored", async () => {
  for (const giveUp of [(dialer) => dialer.giveUp(1), (dialer) => dialer.giveUpAll()]) {
    for (const ends of [(resolve) => resolve("ws://h/"), (_, reject) => reject(new Error("no"))]) {
      const { dialer, log } = setup(() => new Promise(ends));
      dialer.dial(dial(1));
      giveUp(dialer);
      await Promise.resolve();
      await Promise.resolve();
      assert.deepEqual(log, []);
    }
  }
});

test("giving up one dial leaves the other", async () => {
  const { dialer, log } = setup(async () => "ws://h/");
  dialer.dial(dial(1));
  dialer.dial(dial(2));
  dialer.giveUp(1);
  await Promise.resolve();
  await Promise.resolve();
  assert.deepEqual(log, ["ready 2 ws://h/"]);
});

for (const { name, given, topics, want } of [
  { name: "the first dial", given: {}, topics: undefined, want: "ws://h/?topic=own&wakesocket=1&client=c" },
  { name: "a cursor", given: { after: "e-1" }, topics: undefined, want: "ws://h/?topic=own&wakesocket=1&after=e-1&client=c" },
  { name: "after a loss", given: { previous: "reset,1,2" }, topics: undefined, want: "ws://h/?topic=own&wakesocket=1&previous=reset%2C1%2C2&client=c" },
  { name: "topics replace those of the address", given: {}, topics: ["a", "b"], want: "ws://h/?wakesocket=1&client=c&topic=a&topic=b" },
  { name: "no topics, which means all", given: {}, topics: [], want: "ws://h/?wakesocket=1&client=c" },
]) {
  test(`address: ${name}`, () => assert.equal(dialAddress("ws://h/?topic=own", { ...dial(1), ...given }, "c", topics), want));
}
