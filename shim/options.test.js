import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAddOptions, checkHistory, checkOptions, checkTopics, rulesOf, tuningOf } from "./options.js";

for (const [options, message] of [
  [null, /options must be an object, not null/],
  [[], /not an array/],
  ["x", /not string/],
  [{ topic: "cpu" }, /unknown option "topic"; known are .*topics/],
  [{ heartbeat: "25" }, /heartbeat must be a number of milliseconds, not string/],
  [{ heartbeatTimeout: NaN }, /heartbeatTimeout must be a number of milliseconds, not NaN/],
  [{ firstRetryWindow: -1 }, /firstRetryWindow .* not -1/],
  [{ challengeAfter: Infinity }, /challengeAfter .* not Infinity/],
  [{ after: 5 }, /after must be a string, not 5/],
  [{ persist: true }, /persist must be a string, not boolean/],
  [{ consecutiveIds: 1 }, /consecutiveIds must be a boolean, not 1/],
  [{ client: {} }, /client must be a string, not object/],
  [{ onState: "f" }, /onState must be a function, not string/],
  [{ snapshot: "/state" }, /snapshot must be a function, not string/],
  [{ onSnapshot: {} }, /onSnapshot must be a function, not object/],
  [{ topics: "cpu" }, /topics must be an array of strings/],
  [{ topics: [1] }, /topics must be an array of strings/],
  [{ topics: [""] }, /not empty/],
  [{ wasmURL: 1 }, /wasmURL must be a string or a URL, not 1/],
]) {
  test(`refused: ${JSON.stringify(options)}`, () => assert.throws(() => checkOptions(options), { name: "TypeError", message }));
}

test("nothing, undefined and everything are accepted", () => {
  assert.deepEqual({ ...checkOptions(undefined) }, {});
  assert.ok(checkOptions({ after: undefined, heartbeat: undefined }));
  assert.ok(
    checkOptions({ topics: [], after: "", persist: "k", client: "c", onState() {}, onGap() {}, onError() {}, wasmURL: new URL("http://h/"), heartbeat: 0 }),
  );
});

test("what a page has given to all objects is no option", (t) => {
  const added = { after() {}, share: 5, heartbeat: "x", topics: "y", extend() {}, match: 1, last: 0, limit: "z" };
  Object.assign(Object.prototype, added);
  t.after(() => Object.keys(added).forEach((name) => delete Object.prototype[name]));
  const read = ({ after, share, heartbeat, topics }) => [after, share, heartbeat, topics];
  const none = Array(4).fill(undefined);
  for (const options of [undefined, {}, { persist: "k" }]) assert.deepEqual(read(checkOptions(options)), none);
  assert.deepEqual(read(checkOptions({ after: "1", share: true, heartbeat: 0, topics: ["a"] })), ["1", true, 0, ["a"]]);
  assert.deepEqual(tuningOf(checkOptions({ minUptime: 5 })), { minUptime: 5 });
  assert.deepEqual(Object.entries(checkAddOptions()), []);
  assert.deepEqual(Object.entries(checkHistory({ topic: "a" })), [["topic", "a"]]);
  assert.throws(() => checkTopics([{ latest: true }]), /objects with match/);
});

test("only the durations that were given reach the session", () => {
  assert.deepEqual(tuningOf({ heartbeat: 0, heartbeatTimeout: undefined, firstRetryWindow: 5, after: "1" }), { heartbeat: 0, firstRetryWindow: 5 });
});

test("topics are copied", () => {
  const topics = ["a"];
  const copy = checkTopics(topics);
  topics.push("b");
  assert.deepEqual(copy, ["a"]);
});

test("staleAfter is a number of milliseconds, or one for each topic", () => {
  for (const staleAfter of [0, 5000, {}, { cpu: 0, "price.*": 1, "*": 2 }]) assert.ok(checkOptions({ staleAfter }));
  for (const staleAfter of [-1, NaN, Infinity, "5", null, [], true]) {
    assert.throws(() => checkOptions({ staleAfter }), { name: "TypeError", message: /^option staleAfter must be a number of milliseconds, or an object/ });
  }
  for (const limit of [-1, NaN, "5", null]) {
    assert.throws(() => checkOptions({ staleAfter: { mem: 1, cpu: limit } }), {
      name: "TypeError",
      message: /^option staleAfter: the limit of topic "cpu" must be a number of milliseconds, not /,
    });
  }
  assert.throws(() => checkOptions({ timeField: 5 }), { name: "TypeError", message: "option timeField must be a string, not 5" });
});

test("names that only look like patterns are refused", () => {
  for (const name of ["*", "price.>", "a.*.b"]) {
    assert.throws(() => checkOptions({ topics: [name] }), /is no pattern/);
    assert.equal(name === "*" ? undefined : thrownBy(() => checkOptions({ staleAfter: { [name]: 1 } })), name === "*" ? undefined : "TypeError");
  }
  checkOptions({ topics: ["price.*"], staleAfter: { "*": 1, "price.*": 2 } });
});

test("half a character is refused, where it would become another one on its way", () => {
  for (const options of [{ topics: ["a\ud800"] }, { topics: [{ match: "\udc00", latest: true }] }, { staleAfter: { "\ud83d": 1 } }]) {
    assert.throws(() => checkOptions(options), { name: "TypeError", message: /^topic ".*\\ud.*" holds half a character/ });
  }
  for (const name of ["after", "persist", "client", "timeField"]) {
    assert.throws(() => checkOptions({ [name]: "\ud83dx" }), {
      name: "TypeError",
      message: `option ${name} holds half a character ("\\ud83dx"); use whole ones`,
    });
  }
  checkOptions({ topics: ["😀"], after: "😀" });
});

const thrownBy = (call) => {
  try {
    call();
  } catch (thrown) {
    return thrown.name;
  }
};

test("options of addTopics and history say what is wrong", () => {
  for (const options of [{}, { last: 2 }, { after: "e-1" }]) assert.deepEqual({ ...checkAddOptions(options) }, options);
  assert.deepEqual({ ...checkAddOptions() }, {});
  for (const [options, says] of [
    [{ last: 0 }, /last must be a whole number from 1 on, not 0/],
    [{ last: 1.5 }, /not 1.5/],
    [{ after: "" }, /after must be a position/],
    [{ after: 7 }, /after must be a position, not 7/],
    [{ last: 1, after: "e-1" }, /leave one out/],
    [{ lst: 1 }, /unknown option "lst"/],
  ]) {
    assert.throws(() => checkAddOptions(options), says);
  }
  assert.deepEqual({ ...checkHistory({ topic: "a" }) }, { topic: "a" });
  assert.deepEqual({ ...checkHistory({ topic: "a.*", limit: 5, before: "e-1" }) }, { topic: "a.*", limit: 5, before: "e-1" });
  for (const [question, says] of [
    [undefined, /takes an object with a topic, not undefined/],
    [null, /not null/],
    ["a", /not string/],
    [{}, /topic must be the name of a topic or a pattern, not undefined/],
    [{ topic: { match: "a", latest: true } }, /not object/],
    [{ topic: "" }, /topics must be/],
    [{ topic: "*" }, /no pattern/],
    [{ topic: "a", limit: -1 }, /limit must be a whole number from 1 on, not -1/],
    [{ topic: "a", before: "" }, /before must be a position/],
    [{ topic: "a", after: "x" }, /unknown option "after"/],
  ]) {
    assert.throws(() => checkHistory(question), says);
  }
});

test("latest topics: what is wrong is said with what would do", () => {
  const list = ["alerts", { match: "price.*", latest: true, every: 100 }, { match: "price.gold", latest: true }];
  assert.deepEqual(checkTopics(list), ["alerts", "price.*", "price.gold"]);
  assert.deepEqual(
    [...rulesOf(list)],
    [
      ["alerts", 0],
      ["price.*", 100],
      ["price.gold", 250],
    ],
  );
  for (const every of [10, 3_600_000]) checkOptions({ topics: [{ match: "a", latest: true, every }] });
  for (const every of [0, -1, 9, NaN, Infinity, 86_400_000, "250", null]) {
    assert.throws(
      () => checkTopics([{ match: "a", latest: true, every }]),
      /topic "a": every must be a number of milliseconds from 10 to 3600000, not .*; for every event write the name alone/,
    );
  }
  for (const [topic, says] of [
    [{ match: "a" }, /topic "a": latest must be true, not undefined/],
    [{ match: "a", latest: false }, /latest must be true, not boolean/],
    [{ match: "a", latest: true, evry: 1 }, /topic "a": unknown field "evry"/],
    [{ latest: true }, /topics must be an array/],
    [{ match: "*", latest: true }, /name no topics to get all/],
    [{ match: 7, latest: true }, /topics must be an array/],
    [7, /topics must be an array/],
    [null, /topics must be an array/],
    [["a"], /topics must be an array/],
  ]) {
    assert.throws(() => checkTopics([topic]), says);
  }
});
