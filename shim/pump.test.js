import assert from "node:assert/strict";
import { test } from "node:test";
import { Pump } from "./pump.js";

/** A pump whose bursts end when the test says so. */
function setup() {
  const log = [];
  const due = [];
  const pump = new Pump(
    {
      events: (gen, events, ids) => log.push(`events ${gen} ${ids.join(",")} (${events.length})`),
      control: (gen, frame) => log.push(`control ${gen} ${frame.wakesocket}`),
      pong: (gen) => log.push(`pong ${gen}`),
      other: (gen) => log.push(`other ${gen}`),
      error: (error) => log.push(error.code),
    },
    (work) => due.push(work),
  );
  return { pump, log, due };
}

test("a burst is one call", () => {
  const { pump, log, due } = setup();
  for (const id of ["a", "b", "c"]) pump.push(1, JSON.stringify({ id }));
  assert.deepEqual(log, []);
  assert.equal(due.length, 1);
  due[0]();
  assert.deepEqual(log, ["events 1 a,b,c (3)"]);
});

test("each burst schedules itself", () => {
  const { pump, log, due } = setup();
  pump.push(1, '{"id":"a"}');
  due[0]();
  pump.push(1, '{"id":"b"}');
  due[1]();
  assert.deepEqual(log, ["events 1 a (1)", "events 1 b (1)"]);
});

test("a flush before its task leaves nothing to it", () => {
  const { pump, log, due } = setup();
  pump.push(1, '{"id":"a"}');
  pump.flush();
  due[0]();
  assert.deepEqual(log, ["events 1 a (1)"]);
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
  pump.flush();
  assert.deepEqual(log, ["control 1 hello", "events 1 a,b,c (3)", "events 2 d (1)", "pong 2", "events 2 e (1)", "control 1 position", "pong 1"]);
});

test("a part of a frame is a sign of life", () => {
  const { pump, log } = setup();
  pump.push(1, '{"id":"a"}');
  pump.push(1, undefined);
  pump.push(1, undefined);
  pump.flush();
  assert.deepEqual(log, ["events 1 a (1)", "other 1", "other 1"]);
});

test("a useless frame is reported, and is a sign of life", () => {
  const { pump, log } = setup();
  pump.push(1, '{"id":"a"}');
  for (const data of ["{", new ArrayBuffer(3), "7", "[]", "PONG", '["x"]']) pump.push(1, data);
  pump.push(1, '[1,{"id":"b"}]');
  pump.flush();
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
  pump.clear();
  pump.flush();
  assert.deepEqual(log, []);
});
