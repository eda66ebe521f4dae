import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { maxID, readFrame } from "./frame.js";

/** @param {string} text */
function read(text) {
  const got = { events: [], ids: [], controls: [], codes: [] };
  readFrame(text, {
    event: (event, id) => (got.events.push(event), got.ids.push(id)),
    control: (control) => got.controls.push(control),
    error: (error) => got.codes.push(error.code),
  });
  return got;
}

/** Runs body with the JSON.parse of today's browsers, which in Node 20 is behind a flag. */
function withSources(/** @type {() => void} */ body) {
  setFlagsFromString("--harmony-json-parse-with-source");
  const plain = JSON.parse;
  JSON.parse = runInNewContext("JSON.parse");
  try {
    body();
  } finally {
    JSON.parse = plain;
  }
}

const cases = [
  { name: "an event", text: '{"id":"e-1","topic":"cpu","data":1}', ids: ["e-1"] },
  { name: "no id", text: '{"data":1}', ids: [""] },
  { name: "a null id", text: '{"id":null}', ids: [""] },
  { name: "an empty id", text: '{"id":""}', ids: [""] },
  { name: "an empty object", text: "{}", ids: [""] },
  { name: "a number id", text: '{"id":42}', ids: ["42"] },
  { name: "the largest safe number", text: '{"id":9007199254740991}', ids: ["9007199254740991"] },
  { name: "a batch", text: '[{"id":"1"},{"id":2},{}]', ids: ["1", "2", ""] },
  { name: "an empty batch", text: "[]", ids: [] },
  { name: "an id of two lines", text: '{"id":"a\\nb"}', ids: [""], codes: ["id-invalid"] },
  { name: "the longest id", text: `{"id":"${"x".repeat(maxID)}"}`, ids: ["x".repeat(maxID)] },
  { name: "an id too long", text: `{"id":"${"x".repeat(maxID + 1)}"}`, ids: [""], codes: ["id-invalid"] },
  { name: "a boolean id", text: '{"id":true}', ids: [""], codes: ["id-invalid"] },
  { name: "an object id", text: '{"id":{"a":1}}', ids: [""], codes: ["id-invalid"] },
  { name: "a large number where JSON.parse hides its digits", text: '{"id":9007199254740993}', ids: [""], codes: ["id-imprecise"] },
  { name: "malformed JSON", text: '{"id":', codes: ["frame-malformed"] },
  { name: "an empty frame", text: "", codes: ["frame-malformed"] },
  { name: "a string", text: '"hi"', codes: ["frame-not-an-event"] },
  { name: "null", text: "null", codes: ["frame-not-an-event"] },
  { name: "a number", text: "1", codes: ["frame-not-an-event"] },
  { name: "a batch with strangers", text: '[1,{"id":"1"},[],null]', ids: ["1"], codes: ["frame-not-an-event", "frame-not-an-event", "frame-not-an-event"] },
  { name: "a hello", text: '{"wakesocket":"hello","at":"e-1"}', controls: 1 },
  { name: "a kind of the future", text: '{"wakesocket":"later"}', controls: 1 },
  { name: "an event with such a field", text: '{"wakesocket":1,"id":"1"}', ids: ["1"] },
  { name: "a control frame in a batch is an event", text: '[{"wakesocket":"hello"}]', ids: [""] },
];

for (const { name, text, ids = [], codes = [], controls = 0 } of cases) {
  test(name, () => {
    const got = read(text);
    assert.deepEqual(got.ids, ids);
    assert.equal(got.events.length, ids.length);
    assert.deepEqual(got.codes, codes);
    assert.equal(got.controls.length, controls);
  });
}

test("a large number keeps its digits", () => {
  withSources(() => {
    const got = read('{"data":{"id":3},"id":9007199254740993}');
    assert.deepEqual(got.ids, ["9007199254740993"]);
    assert.equal(got.events[0].id, "9007199254740993");
    assert.equal(got.events[0].data.id, 3);
    assert.deepEqual(got.codes, []);
  });
});

test("large numbers in a batch keep theirs", () => {
  withSources(() => {
    const got = read('[{"id":1},{"id":18446744073709551615},{"id":9007199254740993,"nested":[{"id":9007199254740995}]}]');
    assert.deepEqual(got.ids, ["1", "18446744073709551615", "9007199254740993"]);
  });
});

test("an error quotes no more than the beginning of a frame", () => {
  let message = "";
  readFrame("x".repeat(10_000_000), { event() {}, control() {}, error: (error) => (message = error.message) });
  assert.ok(message.length < 200, message);
});
