import assert from "node:assert/strict";
import { test } from "node:test";
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
  { name: "a large number", text: '{"id":9007199254740993}', ids: ["9007199254740993"] },
  { name: "a negative large number", text: '{"id":-9007199254740993}', ids: ["-9007199254740993"] },
  { name: "a fraction", text: '{"id":1.5}', ids: ["1.5"] },
  {
    name: "large numbers in a batch",
    text: '[{"id":1},{"id":18446744073709551615},{"id":9007199254740993,"nested":[{"id":9007199254740995}]}]',
    ids: ["1", "18446744073709551615", "9007199254740993"],
  },
  { name: "a large number of the most digits", text: `{"id":${"9".repeat(maxID)}}`, ids: ["9".repeat(maxID)] },
  { name: "a large number of too many digits", text: `[{"id":${"9".repeat(maxID + 1)}},{"id":5}]`, ids: ["", "5"], codes: ["id-invalid"] },
  {
    name: "half characters, which no address can hold",
    text: '[{"id":"\\ud800"},{"id":"\\udc00x"},{"id":"\\ud83d\\ude00"}]',
    ids: ["", "", "\u{1f600}"],
    codes: ["id-invalid", "id-invalid"],
  },
  { name: "an escape that is no fault", text: '{"id":"a\\"b"}', ids: ['a"b'] },
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

test("a large number keeps its digits in the event, too", () => {
  const got = read('{"data":{"id":3},"id":9007199254740993}');
  assert.deepEqual(got.events, [{ data: { id: 3 }, id: "9007199254740993" }]);
});

test("deep JSON beside a large id affects nothing else", () => {
  const deep = "[".repeat(50_000) + "]".repeat(50_000);
  const got = read(`[{"id":1},{"id":9007199254740993,"d":${deep}},{"id":3}]`);
  assert.deepEqual(got.ids, ["1", "9007199254740993", "3"]);
});

test("deep JSON that is no event affects nothing else", () => {
  const deep = "[".repeat(50_000) + "]".repeat(50_000);
  const got = read(`[{"id":1},${deep},{"id":${deep}},{"id":3}]`);
  assert.deepEqual(got.ids, ["1", "", "3"]);
  assert.deepEqual(got.codes, ["frame-not-an-event", "id-invalid"]);
});

test("an event whose id cannot be read is delivered, and so are the others", (t) => {
  const parse = JSON.parse;
  t.mock.method(JSON, "parse", (/** @type {string} */ text) => parse(text, (_, value) => Object.freeze(value)));
  const got = read('[{"id":9007199254740993},{"a":2},{"id":"3"}]');
  assert.deepEqual(got.ids, ["", "", "3"]);
  assert.deepEqual(got.codes, ["id-invalid"]);
  assert.equal(got.events.length, 3);
});

test("large ids in an array take linear time", () => {
  const count = 40_000;
  const frame = (quote) => `[${Array.from({ length: count }, (_, i) => `{"id":${quote}${1200000000000000000n + BigInt(i)}${quote},"data":{"t":${i}}}`)}]`;
  const [numbers, texts] = [frame(""), frame('"')];
  const time = (text) => {
    const start = performance.now();
    assert.equal(read(text).events.length, count);
    return performance.now() - start;
  };
  const took = { numbers: Infinity, texts: Infinity };
  // In turns, since other work on the machine slows both down.
  for (let i = 0; i < 5; i++) {
    took.numbers = Math.min(took.numbers, time(numbers));
    took.texts = Math.min(took.texts, time(texts));
  }
  // 3 times is usual; quadratic would be thousands of times as long.
  assert.ok(took.numbers < 30 * took.texts + 50, JSON.stringify(took));
});

test("an error quotes only the beginning of a frame", () => {
  let message = "";
  readFrame("x".repeat(10_000_000), { event() {}, control() {}, error: (error) => (message = error.message) });
  assert.ok(message.length < 200, message);
});

test("what a page gives to all objects is in no frame", (t) => {
  const added = { id: "inherited", wakesocket: "hello", time: 5 };
  Object.assign(Object.prototype, added);
  t.after(() => Object.keys(added).forEach((name) => delete Object.prototype[name]));
  const events = read('[{"data":1},{"id":"1"}]');
  assert.deepEqual(events.ids, ["", "1"]);
  assert.deepEqual(read('{"data":1}').ids, [""]);
  const { controls } = read('{"wakesocket":"fresh"}');
  assert.equal(controls.length, 1);
  assert.equal(controls[0].time, undefined);
});
