import assert from "node:assert/strict";
import { test } from "node:test";
import { Outbox } from "./outbox.js";

/** An outbox on the test's clock. */
function setup(t) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 0 });
  const now = performance.now;
  performance.now = () => Date.now();
  t.after(() => (performance.now = now));
  const sent = [];
  const errors = [];
  /** What is to be sent about topics. */
  const topics = [];
  const outbox = new Outbox(
    (text) => sent.push(text),
    (error) => errors.push(error),
    {
      get waiting() {
        return topics.length > 0;
      },
      take: (limit) => `${topics.shift()} ${limit}`,
    },
  );
  return { outbox, topics, sent, errors, codes: () => errors.map((error) => error.code), tick: (ms) => t.mock.timers.tick(ms) };
}

test("messages go out while it is open, and are refused while it is not", (t) => {
  const { outbox, sent, codes } = setup(t);
  assert.equal(outbox.send("a"), false);
  outbox.setOpen(true);
  assert.equal(outbox.send("b"), true);
  outbox.setOpen(false);
  assert.equal(outbox.send("c"), false);
  assert.deepEqual(sent, ["b"]);
  assert.deepEqual(codes(), []);
});

test("messages beyond the rate wait for their turn, in order", (t) => {
  const { outbox, sent, tick } = setup(t);
  outbox.setLimits({ rate: 10, burst: 4 });
  outbox.setOpen(true);
  for (const text of ["a", "b", "c", "d"]) assert.equal(outbox.send(text), true);
  assert.deepEqual(sent, ["a", "b"]);
  tick(112);
  assert.deepEqual(sent, ["a", "b", "c"]);
  tick(111);
  assert.deepEqual(sent, ["a", "b", "c", "d"]);
});

test("what waits goes on waiting while the connection is checked", (t) => {
  const { outbox, sent, tick } = setup(t);
  outbox.setLimits({ rate: 10, burst: 2 });
  outbox.setOpen(true);
  outbox.send("a");
  outbox.send("b");
  outbox.setOpen(false);
  tick(10_000);
  assert.deepEqual(sent, ["a"]);
  outbox.setOpen(true);
  assert.deepEqual(sent, ["a", "b"]);
});

test("what a lost connection leaves is one error with the number", (t) => {
  const { outbox, sent, errors, codes, tick } = setup(t);
  outbox.setLimits({ rate: 10, burst: 2 });
  outbox.setOpen(true);
  for (const text of ["a", "b", "c"]) outbox.send(text);
  outbox.reset();
  assert.deepEqual(codes(), ["messages-lost"]);
  assert.match(errors[0].message, /lost before 2 of the messages/);
  outbox.setOpen(true);
  tick(10_000);
  assert.deepEqual(sent, ["a"]);
  outbox.reset();
  assert.equal(codes().length, 1);
});

test("a new connection has no limits until it names them", (t) => {
  const { outbox, sent } = setup(t);
  outbox.setLimits({ rate: 1, burst: 1, message: 2, topics: 1 });
  outbox.reset();
  outbox.setOpen(true);
  for (const text of ["long", "text"]) assert.equal(outbox.send(text), true);
  assert.equal(outbox.tooMany(2), undefined);
  assert.deepEqual(sent, ["long", "text"]);
});

test("a message that is too large is refused at once, by bytes and not by characters", (t) => {
  const { outbox, sent, errors } = setup(t);
  outbox.setLimits({ message: 6 });
  outbox.setOpen(true);
  assert.equal(outbox.send("éé"), true);
  assert.equal(outbox.send("ééé"), true);
  assert.equal(outbox.send("éééa"), false);
  assert.equal(outbox.send("abcdefg"), false);
  assert.deepEqual(sent, ["éé", "ééé"]);
  assert.deepEqual(
    errors.map((error) => `${error.code}: ${error.message}`),
    Array(2).fill("message-too-large: a message of 7 bytes was not sent: the server accepts at most 6"),
  );
});

test("too many messages that wait are refused", (t) => {
  const { outbox, sent, codes } = setup(t);
  outbox.setLimits({ rate: 10, burst: 2 });
  outbox.setOpen(true);
  let taken = 0;
  for (let i = 0; i < 1002; i++) if (outbox.send(String(i))) taken++;
  assert.equal(taken, 1001);
  assert.equal(sent.length, 1);
  assert.deepEqual(codes(), ["too-many-messages"]);
});

test("what is said of topics goes before what waits, at the same rate", (t) => {
  const { outbox, topics, sent, tick } = setup(t);
  outbox.setLimits({ rate: 10, burst: 2, message: 9 });
  topics.push("early");
  outbox.sendTopics();
  assert.deepEqual(sent, []);
  outbox.setOpen(true);
  assert.deepEqual(sent, ["early 9"]);
  outbox.send("a");
  topics.push("x");
  tick(112);
  tick(111);
  tick(10_000);
  assert.deepEqual(sent.slice(1), ["x 9", "a"]);
});

test("more topics than the server accepts are an error", (t) => {
  const { outbox } = setup(t);
  outbox.setLimits({ topics: 2 });
  assert.equal(outbox.tooMany(2), undefined);
  const error = outbox.tooMany(3);
  assert.equal(error.code, "too-many-topics");
  assert.match(error.message, /3 were asked for, and the server accepts at most 2/);
});
