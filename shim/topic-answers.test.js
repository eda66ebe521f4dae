import assert from "node:assert/strict";
import { test } from "node:test";
import { Uplink } from "./uplink.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** An uplink, what it sends, and who hears when topics are followed. */
function setup(topics, limits) {
  const log = [];
  let cursor = "here";
  const uplink = new Uplink(
    {
      write: (_, text) => (log.push(text.replaceAll('"', "")), true),
      redial: (generation) => log.push(`redial ${generation}`),
      error: (error) => log.push(error.code),
      history() {},
      newest() {},
      gap() {},
      cursor: () => cursor,
      then: (call) => call(),
    },
    topics,
  );
  const connect = (generation, hello = true) => {
    uplink.dialed(generation);
    if (hello) uplink.control(generation, { wakesocket: "hello", at: "", limits });
    uplink.state(generation, true);
  };
  const waiter = (name) => ({
    followed: (at, known, topics) => log.push(`${name} ${topics ?? "all"} from ${at}${known ? "" : ", perhaps"}`),
    resolve() {},
    reject: (error) => log.push(`${name} ${error.code}`),
  });
  const answer = (n, rest = {}, generation = 1) => uplink.control(generation, { wakesocket: "followed", n, at: "e-9", ...rest });
  /** What was sent and heard since the last time. */
  const next = async () => {
    await settled();
    return log.splice(0);
  };
  connect(1);
  return { uplink, connect, waiter, answer, next, moveTo: (at) => (cursor = at) };
}

const answering = { history: 1000 };

test("the last message of a list is a request, for all who changed it", async () => {
  const { uplink, waiter, answer, next } = setup(["a"], answering);
  uplink.setTopics(["b"], waiter("x"));
  uplink.setTopics(["c"], waiter("y"));
  assert.deepEqual(await next(), ["{wakesocket:topics,topics:[c],n:1}"]);
  uplink.setTopics([], waiter("z"));
  answer(1);
  assert.deepEqual(await next(), ["x c from e-9", "y c from e-9", "{wakesocket:topics,topics:[],n:2}"]);
  answer(2, { at: "e-10" });
  assert.deepEqual(await next(), ["z all from e-10"]);
});

test("of a list in parts the last one is the request", async () => {
  const { uplink, waiter, answer, next } = setup(["a"], answering);
  const names = Array.from({ length: 5000 }, (_, i) => `row.${i}`);
  uplink.setTopics(names, waiter("x"));
  const sent = await next();
  assert.ok(sent.length > 1);
  sent.forEach((text, i) => assert.equal(text.endsWith(",n:1}"), i === sent.length - 1));
  answer(1);
  assert.deepEqual(await next(), [`x ${names} from e-9`]);
});

test("a list without an answer is asked for by the address, and the question goes out again", async () => {
  const { uplink, connect, waiter, answer, next } = setup(["a"], answering);
  uplink.setTopics(["b"], waiter("x"));
  await next();
  uplink.ended(1);
  uplink.state(0, false);
  connect(2);
  assert.deepEqual(await next(), ["{wakesocket:add,topics:[],n:1}"]);
  answer(1, {}, 2);
  assert.deepEqual(await next(), ["x b from e-9"]);
});

test("a list that is refused, or that is too long, is told to who changed it", async () => {
  const { uplink, waiter, answer, next } = setup(["a"], { ...answering, topics: 2 });
  uplink.setTopics(["b"], waiter("x"));
  await next();
  answer(1, { wakesocket: "error", code: "message-invalid", message: "no" });
  uplink.setTopics(["b", "c", "d"], waiter("y"));
  assert.deepEqual(await next(), ["x message-invalid", "y too-many-topics"]);
  uplink.setTopics(["c"], waiter("z"));
  await next();
  uplink.fail(Object.assign(new Error("closed"), { code: "closed" }));
  assert.deepEqual(await next(), ["z closed"]);
});

test("a question without topics changes nothing", async () => {
  const { uplink, waiter, answer, next } = setup(["a", "b"], answering);
  const { topics: list } = uplink.dialed(2);
  uplink.ended(2);
  uplink.addTopics([], {}, waiter("x"));
  uplink.addTopics(["b"], {}, waiter("y"));
  assert.deepEqual(await next(), ["{wakesocket:add,topics:[b],n:1}"]);
  answer(1);
  assert.deepEqual(await next(), ["x b from e-9", "y b from e-9"]);
  assert.equal(uplink.dialed(2).topics, list, "the server may know it");
});

test("a server that answers nothing is known to follow what is in the address of its connection", async () => {
  const { uplink, connect, waiter, next, moveTo } = setup(["a"], undefined);
  uplink.addTopics([], {}, waiter("w"));
  assert.deepEqual(await next(), ["w a from here"]);
  uplink.setTopics(["b"], waiter("x"));
  assert.deepEqual(await next(), ["x b from here, perhaps", "{wakesocket:topics,topics:[b]}"]);
  uplink.addTopics([], {}, waiter("y"));
  assert.deepEqual(await next(), ["y b from here, perhaps"], "it was told, but not asked by the address");
  uplink.ended(1);
  uplink.state(0, false);
  moveTo("there");
  connect(2);
  uplink.addTopics([], {}, waiter("z"));
  assert.deepEqual(await next(), ["z b from there"]);
});

test("a plain server is known to follow a list when it was dialed with it", async () => {
  const { uplink, connect, waiter, next } = setup(["a"], undefined);
  connect(2, false);
  uplink.ended(1);
  uplink.setTopics(["b"], waiter("x"));
  assert.deepEqual(await next(), ["redial 2"]);
  uplink.ended(2);
  connect(3, false);
  assert.deepEqual(await next(), ["x b from here"]);
});
