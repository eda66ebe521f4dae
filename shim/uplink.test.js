import assert from "node:assert/strict";
import { test } from "node:test";
import { Uplink } from "./uplink.js";

function setup(topics) {
  const log = [];
  const uplink = new Uplink(
    {
      write: (generation, text) => (log.push(`${generation}: ${text}`), true),
      redial: (generation) => log.push(`redial ${generation}`),
      error: (error) => log.push(error.code),
    },
    topics,
  );
  const hello = (generation, limits) => uplink.control(generation, { wakesocket: "hello", at: "", limits });
  return { uplink, log, hello };
}

test("the address of a dial has the newest topics, and they are not sent again", async () => {
  const { uplink, log, hello } = setup(["a"]);
  assert.deepEqual(uplink.dialed(1), ["a"]);
  uplink.setTopics(["b"]);
  assert.deepEqual(uplink.dialed(2), ["b"]);
  hello(2);
  uplink.state(2, true);
  await Promise.resolve();
  assert.deepEqual(log, []);
});

test("a socket that was dialed with others is told when it is live", () => {
  const { uplink, log, hello } = setup(undefined);
  assert.equal(uplink.dialed(1), undefined);
  uplink.setTopics(["b"]);
  hello(1);
  assert.deepEqual(log, []);
  uplink.state(1, true);
  uplink.state(1, true);
  assert.deepEqual(log, ['1: {"wakesocket":"topics","topics":["b"]}']);
});

test("topics that the page never named are not sent", () => {
  const { uplink, log, hello } = setup(undefined);
  uplink.dialed(1);
  hello(1);
  uplink.state(1, true);
  assert.deepEqual(log, []);
});

test("several changes in a row are one", async () => {
  const { uplink, log, hello } = setup(["a"]);
  uplink.dialed(1);
  hello(1);
  uplink.state(1, true);
  for (const topics of [["b"], ["c"], ["d"]]) uplink.setTopics(topics);
  assert.deepEqual(log, []);
  await Promise.resolve();
  assert.deepEqual(log, ['1: {"wakesocket":"topics","topics":["d"]}']);
  uplink.setTopics(["e"]);
  await Promise.resolve();
  assert.equal(log.length, 2);
});

test("a plain server is dialed anew, once", async () => {
  const { uplink, log } = setup(["a"]);
  uplink.dialed(1);
  uplink.control(1, { wakesocket: "position", at: "p" });
  uplink.state(1, true);
  uplink.setTopics(["b"]);
  await Promise.resolve();
  uplink.state(1, true);
  assert.deepEqual(log, ["redial 1"]);
});

test("a socket that ended is not told", () => {
  const { uplink, log, hello } = setup(["a"]);
  uplink.dialed(1);
  hello(1);
  uplink.ended(1);
  hello(1);
  uplink.setTopics(["b"]);
  uplink.state(1, true);
  assert.deepEqual(log, []);
});

test("limits are those of the socket that is live", () => {
  const { uplink, log, hello } = setup(undefined);
  uplink.dialed(1);
  uplink.dialed(2);
  hello(1, { message: 1, topics: 1 });
  uplink.state(2, true);
  assert.equal(uplink.send("long"), true);
  hello(2, { message: 2 });
  assert.equal(uplink.send("long"), false);
  uplink.state(1, true);
  assert.equal(uplink.send("xy"), false);
  assert.equal(uplink.send("x"), true);
  uplink.setTopics(["a", "b"]);
  uplink.reset();
  assert.equal(uplink.send("x"), false);
  assert.deepEqual(log, ["2: long", "message-too-large", "message-too-large", "1: x", "too-many-topics"]);
});

test("topics that are too many change nothing", async () => {
  const { uplink, log, hello } = setup(["a"]);
  uplink.dialed(1);
  hello(1, { topics: 1 });
  uplink.state(1, true);
  uplink.setTopics(["b", "c"]);
  await Promise.resolve();
  assert.deepEqual(log, ["too-many-topics"]);
  assert.deepEqual(uplink.dialed(2), ["a"]);
});

test("a state without a change leaves what waits alone", () => {
  const { uplink, log, hello } = setup(undefined);
  uplink.dialed(1);
  hello(1, { rate: 1, burst: 1 });
  uplink.state(1, true);
  uplink.send("a");
  uplink.send("b");
  uplink.state(1, false);
  uplink.state(1, true);
  assert.deepEqual(log, ["1: a"]);
  uplink.state(0, false);
  assert.deepEqual(log, ["1: a", "messages-lost"]);
});
