import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Pump } from "./pump.js";

let now;
performance.now = () => now;
beforeEach(() => (now = 0));

function setup({ onError = () => {}, onEvents = () => {} } = {}) {
  const log = [];
  const digests = [];
  let asked = 0;
  const pump = new Pump(
    {
      events(generation, events, ids, contents) {
        digests.push(contents);
        log.push(`events ${generation} ${ids.join(",")} (${events.length})`);
        onEvents(generation);
      },
      control: (generation, frame) => log.push(`control ${generation} ${frame.wakesocket}`),
      pong: (generation) => log.push(`pong ${generation}`),
      other: (generation) => log.push(`other ${generation}`),
      error(error) {
        log.push(error.code);
        onError(error);
      },
    },
    () => asked++,
  );
  return { pump, log, digests, asked: () => asked };
}

test("many frames are one call", () => {
  const { pump, log, asked } = setup();
  for (const id of ["a", "b", "c"]) pump.push(1, JSON.stringify({ id }));
  assert.deepEqual(log, []);
  assert.equal(asked(), 3);
  assert.equal(pump.waiting, 3);
  pump.read(8);
  assert.deepEqual(log, ["events 1 a,b,c (3)"]);
  assert.equal(pump.waiting, 0);
  pump.read(8);
  assert.equal(log.length, 1);
});

test("the order of arrival holds over kinds and sockets", () => {
  const { pump, log } = setup();
  pump.push(1, '{"wakesocket":"hello"}');
  pump.push(1, '[{"id":"a"},{"id":"b"}]');
  pump.push(1, '{"id":"c"}');
  pump.push(2, '{"id":"d"}');
  pump.push(2, "pong");
  pump.push(2, '{"id":"e"}');
  pump.push(1, '{"wakesocket":"position"}');
  pump.push(1, "pong");
  pump.read(8);
  assert.deepEqual(log, ["control 1 hello", "events 1 a,b,c (3)", "events 2 d (1)", "pong 2", "events 2 e (1)", "control 1 position", "pong 1"]);
});

test("the deadline leaves the rest for later, but one frame is read", () => {
  const { pump, log } = setup();
  for (const id of ["a", "b", "c"]) pump.push(1, JSON.stringify({ id }));
  now = 9;
  pump.read(8);
  assert.deepEqual(log, ["events 1 a (1)"]);
  assert.equal(pump.waiting, 2);
  pump.push(1, '{"id":"d"}');
  pump.read(10);
  assert.deepEqual(log, ["events 1 a (1)", "events 1 b,c,d (3)"]);
});

test("an input waits until the frames before it are read, and no longer", () => {
  const { pump, log, asked } = setup();
  pump.after(() => log.push("at once"));
  assert.deepEqual(log, ["at once"]);
  pump.push(1, '{"id":"a"}');
  pump.after(() => log.push("after a"));
  pump.push(1, '{"id":"b"}');
  assert.equal(asked(), 3);
  assert.equal(pump.waiting, 3);
  pump.read(8);
  assert.deepEqual(log, ["at once", "events 1 a (1)", "after a", "events 1 b (1)"]);
});

test("an input that an error listener causes does not overtake events that were read", () => {
  const { pump, log } = setup({ onError: () => pump.after(() => log.push("input")) });
  pump.push(1, '[{"id":"a"},7]');
  pump.read(8);
  assert.deepEqual(log, ["frame-not-an-event", "events 1 a (1)", "input"]);
});

test("a part of a frame shows that the socket works", () => {
  const { pump, log } = setup();
  pump.push(1, '{"id":"a"}');
  pump.push(1, undefined);
  pump.push(1, undefined);
  pump.read(8);
  assert.deepEqual(log, ["events 1 a (1)", "other 1", "other 1"]);
});

test("a useless frame is reported, and shows that the socket works", () => {
  const { pump, log } = setup();
  pump.push(1, '{"id":"a"}');
  for (const data of ["{", new ArrayBuffer(3), "7", "[]", "PONG", '["x"]']) pump.push(1, data);
  pump.push(1, '[1,{"id":"b"}]');
  pump.read(8);
  assert.deepEqual(log, [
    "frame-malformed",
    "events 1 a (1)",
    "other 1",
    "frame-binary",
    "other 1",
    "frame-not-an-event",
    "other 1",
    "other 1",
    "frame-malformed",
    "other 1",
    "frame-not-an-event",
    "other 1",
    "frame-not-an-event",
    "events 1 b (1)",
  ]);
});

test("what was cleared is not handed on", () => {
  const { pump, log } = setup();
  pump.push(1, '{"id":"a"}');
  pump.after(() => log.push("input"));
  pump.clear();
  pump.read(8);
  assert.deepEqual(log, []);
  assert.equal(pump.waiting, 0);
});

test("what an error listener clears belongs to no socket any more", () => {
  const { pump, log } = setup({ onError: () => pump.clear() });
  pump.push(1, '[{"id":"a"},7,{"id":"b"}]');
  pump.push(1, '{"id":"c"}');
  pump.read(8);
  assert.deepEqual(log, ["frame-not-an-event", "events 0 b (1)"]);
});

test("what arrives while events are handed on is read, too", () => {
  const { pump, log } = setup({ onEvents: (generation) => generation === 1 && pump.push(2, '{"id":"b"}') });
  pump.push(1, '{"id":"a"}');
  pump.push(1, "pong");
  pump.read(8);
  assert.deepEqual(log, ["events 1 a (1)", "pong 1", "events 2 b (1)"]);
});

test("events of a plain server come with digests of their frames", () => {
  const { pump, digests } = setup();
  for (const frame of ['{"id":1,"run":0}', '{"id":1,"run":1}', '{"id":1,"run":0}', '[{"id":2}]']) pump.push(1, frame);
  pump.read(8);
  const [[first, second, third, batch]] = digests;
  assert.notEqual(first, second);
  assert.equal(first, third);
  assert.equal(batch, "");
});

test("a feed that says what it replays needs no digests, and its successor may", () => {
  const { pump, digests } = setup();
  pump.push(1, '{"wakesocket":"hello","at":""}');
  pump.push(1, '{"id":1}');
  pump.push(2, '{"id":2}');
  pump.read(8);
  assert.deepEqual(digests[0], []);
  assert.equal(digests[1].length, 1);
  assert.notEqual(digests[1][0], "");
});

test("what throws is reported, and affects nothing else", () => {
  const reported = [];
  globalThis.reportError = (thrown) => reported.push(thrown.message);
  const { pump, log } = setup({
    onError() {
      throw new Error("mine");
    },
  });
  pump.push(1, '{"id":"a"}');
  pump.push(1, "{");
  pump.push(1, '{"id":"b"}');
  pump.after(() => {
    throw new Error("input");
  });
  pump.push(1, '{"id":"c"}');
  pump.read(8);
  delete globalThis.reportError;
  assert.deepEqual(log, ["frame-malformed", "events 1 a,b (2)", "events 1 c (1)"]);
  assert.deepEqual(reported, ["mine", "input"]);
});
