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
      history: (events) => log.push(`history ${events.map(({ id }) => id)}`),
      gap: ({ after, earliest, reason }) => log.push(`gap ${after} ${earliest} ${reason}`),
      cursor: () => "here",
      then: (call) => call(),
    },
    topics,
  );
  const hello = (generation, limits) => uplink.control(generation, { wakesocket: "hello", at: "", limits });
  return { uplink, log, hello };
}

test("the address of a dial has the newest topics, and they are not sent again", async () => {
  const { uplink, log, hello } = setup(["a"]);
  assert.deepEqual(uplink.dialed(1), { topics: ["a"], later: false, query: [] });
  uplink.setTopics(["b"]);
  assert.deepEqual(uplink.dialed(2).topics, ["b"]);
  hello(2);
  uplink.state(2, true);
  await Promise.resolve();
  assert.deepEqual(log, []);
});

test("a socket that was dialed with others is told when it is live", () => {
  const { uplink, log, hello } = setup(undefined);
  assert.equal(uplink.dialed(1).topics, undefined);
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

test("all topics instead of some are asked for at once, of any server", async () => {
  for (const limits of [undefined, { history: 1000 }]) {
    const { uplink, log, hello } = setup(["a"]);
    uplink.dialed(1);
    hello(1, limits);
    uplink.state(1, true);
    uplink.setTopics([]);
    await Promise.resolve();
    assert.deepEqual(log, ['1: {"wakesocket":"topics","topics":[]}']);
  }
});

test("one of several readers gets what it asked for, in the order of the events, and changes of two are not one", async () => {
  const { uplink, log, hello } = setup(["a"]);
  const reader = (name) => ({ history: (events) => log.push(`${name} ${events.map(({ id }) => id)}`), gap: ({ reason }) => log.push(`${name} ${reason}`) });
  const [x, y] = [reader("x"), reader("y")];
  const one = (reader, name) => ({ reader, followed: (at, known) => log.push(`${name} followed ${at} ${known}`) });
  uplink.dialed(1);
  hello(1, { history: 1000 });
  uplink.state(1, true);
  const added = [
    uplink.addTopics(["b"], { last: 1 }, one(x, "x")),
    uplink.addTopics(["c"], { last: 1 }, one(x, "x too")),
    uplink.addTopics(["d"], { last: 1 }, one(y, "y")),
  ];
  await Promise.resolve();
  assert.deepEqual(log.splice(0), ['1: {"wakesocket":"add","topics":["b","c"],"last":1,"n":1}', '1: {"wakesocket":"add","topics":["d"],"last":1,"n":2}']);
  const hear = (frame) => uplink.control(1, frame);
  hear({ wakesocket: "history", n: 1, events: [{ id: "1" }], more: true });
  hear({ wakesocket: "followed", n: 1, at: "e-5", gap: { after: "e-1", earliest: "e-2", reason: "limited" } });
  hear({ wakesocket: "history", n: 2, events: [{ id: "2" }], more: true });
  hear({ wakesocket: "followed", n: 2, at: "e-6" });
  assert.deepEqual(await Promise.all(added), ["e-5", "e-5", "e-6"]);
  assert.deepEqual(log, ["x 1", "x limited", "x followed e-5 true", "x too followed e-5 true", "y 2", "y followed e-6 true"]);
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
  assert.deepEqual(uplink.dialed(2).topics, ["a"]);
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

/** What a socket was told, without the words that are always the same. */
const told = (log) => log.map((line) => line.replace(/^\d: /, "").replace('"wakesocket":', ""));
const settled = () => new Promise((resolve) => setImmediate(resolve));

function live(topics, generation = 1) {
  const all = setup(topics);
  all.connect = (generation) => {
    all.dialed = all.uplink.dialed(generation);
    all.hello(generation, { history: 1000 });
    all.uplink.state(generation, true);
  };
  all.answer = (n, rest = {}, generation = 1) => all.uplink.control(generation, { wakesocket: "followed", n, at: "e-9", ...rest });
  all.connect(generation);
  return all;
}

test("changes in a row go out as one, and resolve with the position", async () => {
  const { uplink, log, answer } = live(["a"]);
  const all = [uplink.addTopics(["b", "c"], {}), uplink.addTopics(["d"], {}), uplink.removeTopics(["a", "b"]), uplink.addTopics(["e"], { last: 1 })];
  await settled();
  assert.deepEqual(told(log), ['{"remove","topics":["a","b"],"n":1}', '{"add","topics":["c","d"],"n":2}', '{"add","topics":["e"],"last":1,"n":3}']);
  uplink.control(1, { wakesocket: "history", n: 3, events: [{ id: "x" }], more: true });
  uplink.control(1, { wakesocket: "history", n: 3, events: [{ id: "x" }, { id: "y" }], more: true });
  answer(3, { gap: { after: "e-1", earliest: "x", reason: "limited" } });
  assert.equal(await all[3], "e-9");
  answer(1);
  answer(2, { at: "e-7" });
  assert.deepEqual(await Promise.all(all), ["e-7", "e-7", "e-7", "e-9"]);
  assert.deepEqual(log.slice(3), ["history x", "history y", "gap e-1 x limited"]);
  assert.deepEqual(uplink.dialed(2), { topics: ["c", "d", "e"], later: false, query: [] });
});

test("what has no answer is asked again on the next connection", async () => {
  const { uplink, log, connect, answer } = live(["a"]);
  const added = uplink.addTopics(["b"], { last: 1 });
  const read = uplink.history({ topic: "p", limit: 2 });
  await settled();
  uplink.control(1, { wakesocket: "history", n: 2, events: [{ id: "x" }], more: true });
  uplink.ended(1);
  uplink.state(0, false);
  const later = uplink.addTopics(["c"], {});
  await settled();
  log.length = 0;
  connect(2);
  assert.deepEqual(told(log), ['{"history","topic":"p","limit":2,"n":1}', '{"add","topics":["b"],"last":1,"n":2}', '{"add","topics":["c"],"n":3}']);
  log.length = 0;
  answer(2, {}, 1);
  uplink.control(2, { wakesocket: "history", n: 2, events: [{ id: "x" }, { id: "y" }], more: true });
  answer(2, {}, 2);
  answer(3, {}, 2);
  uplink.control(2, { wakesocket: "history", n: 1, events: [{ id: "h" }], from: "e-1", complete: true });
  assert.deepEqual([await added, await later, await read], ["e-9", "e-9", { events: [{ id: "h" }], from: "e-1", complete: true }]);
  assert.deepEqual(log, ["history y"], "what came before does not come again");
});

test("a socket that was dialed before a change is told the list as it stands", async () => {
  const { uplink, log, hello } = setup(["a"]);
  uplink.dialed(1);
  const added = uplink.addTopics(["b"], {});
  await settled();
  hello(1, { history: 1000 });
  uplink.state(1, true);
  assert.deepEqual(told(log), ['{"topics","topics":["a","b"]}', '{"add","topics":["b"],"n":1}']);
  uplink.control(1, { wakesocket: "followed", n: 1, at: "e-1" });
  assert.equal(await added, "e-1");
});

// One that was dialed before the change would not have the events of the new topics.
test("changes wait while another socket is being made, and questions do not", async () => {
  for (const takesOver of [false, true]) {
    const { uplink, log, hello } = setup(["a"]);
    uplink.dialed(1);
    hello(1, { history: 1000 });
    uplink.state(1, true);
    uplink.dialed(2);
    uplink.addTopics(["b"], {});
    uplink.history({ topic: "a" });
    await settled();
    assert.deepEqual(told(log), ['{"history","topic":"a","n":1}']);
    log.length = 0;
    if (takesOver) {
      hello(2, { history: 1000 });
      uplink.state(2, true);
      uplink.ended(1);
      await settled();
      assert.deepEqual(told(log), ['{"topics","topics":["a","b"]}', '{"history","topic":"a","n":1}', '{"add","topics":["b"],"n":2}']);
    } else {
      uplink.ended(2);
      await settled();
      assert.deepEqual(told(log), ['{"add","topics":["b"],"n":2}']);
    }
  }
});

test("a server that knows no requests is told of changes when no other socket is being made", async () => {
  const { uplink, log, hello } = setup(["a"]);
  uplink.dialed(1);
  hello(1);
  uplink.state(1, true);
  uplink.dialed(2);
  uplink.setTopics(["b"]);
  await settled();
  uplink.state(1, true);
  assert.deepEqual(log, []);
  uplink.ended(2);
  await settled();
  assert.deepEqual(told(log), ['{"topics","topics":["b"]}']);
});

test("a list that is too long for an address comes in the first message", async () => {
  const names = Array.from({ length: 5000 }, (_, i) => `row.${i}`);
  const { uplink, log, dialed, connect } = live(names);
  assert.deepEqual(dialed, { topics: [], later: true, query: [] });
  const frames = log.map((line) => JSON.parse(line.slice(3)));
  assert.deepEqual(
    frames.flatMap(({ topics }) => topics),
    names,
  );
  assert.ok(frames.length > 1 && frames.every((frame, i) => JSON.stringify(frame).length < 65_536 && (frame.more === true) === i < frames.length - 1));
  assert.equal(frames[0].wakesocket, "topics");
  assert.equal(frames[1].wakesocket, "add");
  log.length = 0;
  uplink.removeTopics(names);
  await settled();
  assert.ok(log.length > 1);
  log.length = 0;
  connect(2);
  assert.deepEqual(told(log.slice(0, 1)), ['{"add","topics":[]}'], "none is not all");
});

test("errors reject, and what the server refuses is not asked for again", async () => {
  const { uplink, log } = live(["a"]);
  const added = uplink.addTopics(["secret"], {});
  const read = uplink.history({ topic: "secret" });
  await settled();
  const error = { wakesocket: "error", code: "topic-forbidden", message: "may not be read" };
  assert.equal(uplink.control(1, { ...error, n: 1 }), true);
  assert.equal(uplink.control(1, { ...error, n: 2 }), true);
  assert.equal(uplink.control(1, { ...error, n: 2 }), false);
  await assert.rejects(added, { code: "topic-forbidden" });
  await assert.rejects(read, { code: "topic-forbidden" });
  assert.deepEqual(uplink.dialed(2).topics, ["a"]);
  log.length = 0;
  const open = [uplink.history({ topic: "a" }), uplink.addTopics(["b"], {})];
  await settled();
  open.push(uplink.addTopics(["c"], {}));
  for (const promise of open) promise.catch(() => {});
  uplink.fail(Object.assign(new Error("closed"), { code: "closed" }));
  for (const promise of open) await assert.rejects(promise, { code: "closed" });
});

test("all topics need not be added, and none of them can be removed", async () => {
  for (const topics of [undefined, []]) {
    const { uplink, log, answer } = live(topics);
    const added = uplink.addTopics(["a"], {});
    await settled();
    assert.deepEqual(told(log), ['{"add","topics":["a"],"n":1}']);
    answer(1);
    assert.equal(await added, "e-9");
    await assert.rejects(uplink.removeTopics(["a"]), { code: "message-invalid" });
    assert.equal(uplink.dialed(2).topics?.length ?? 0, 0);
  }
});

test("more topics than the server accepts are refused before they are sent", async () => {
  const { uplink, log, hello } = setup(["a"]);
  uplink.dialed(1);
  hello(1, { history: 1000, topics: 2 });
  uplink.state(1, true);
  await assert.rejects(uplink.addTopics(["b", "c"], {}), { code: "too-many-topics" });
  uplink.addTopics(["a", "b"], {});
  await settled();
  assert.equal(log.length, 1);
});

test("other servers get the whole list, and no questions", async () => {
  const { uplink, log, hello } = setup(["a"]);
  uplink.dialed(1);
  hello(1, { message: 1000 });
  uplink.state(1, true);
  const open = [uplink.addTopics(["b"], {}), uplink.addTopics(["c"], { last: 1 }), uplink.history({ topic: "a" })];
  for (const promise of open) promise.catch(() => {});
  await settled();
  assert.deepEqual(told(log), ['{"topics","topics":["a","b","c"]}']);
  assert.equal(await open[0], "here");
  await assert.rejects(open[1], { code: "unsupported" });
  await assert.rejects(open[2], { code: "unsupported" });
});

test("a table that scrolls while the rate is used up sends what it needs in the end", async (t) => {
  t.mock.method(performance, "now", () => 0);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { uplink, log, hello } = setup(["r0"]);
  uplink.dialed(1);
  hello(1, { history: 1000, rate: 10, burst: 4 });
  uplink.state(1, true);
  for (let i = 1; i <= 100; i++) {
    uplink.addTopics([`r${i}`], {});
    uplink.removeTopics([`r${i - 1}`]);
    await Promise.resolve();
  }
  assert.equal(log.length, 2);
  performance.now.mock.mockImplementation(() => 1000);
  t.mock.timers.tick(1000);
  const frames = log.slice(2).map((line) => JSON.parse(line.slice(3)));
  assert.equal(frames.length, 2);
  assert.deepEqual(frames[1].topics, ["r100"]);
});

test("topics are a list whatever the page has done to arrays", async (t) => {
  // As in old versions of Prototype.
  Object.defineProperty(Array.prototype, "toJSON", { configurable: true, enumerable: false, value: () => "mangled" });
  t.after(() => delete Array.prototype.toJSON);
  const { uplink, log } = live(["a"]);
  uplink.setTopics(["b", "c"]);
  uplink.addTopics(["d"], {});
  await settled();
  assert.deepEqual(told(log), ['{"topics","topics":["b","c","d"]}', '{"add","topics":["d"],"n":1}']);
});
