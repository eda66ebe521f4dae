import assert from "node:assert/strict";
import { test } from "node:test";
import { idDigits } from "./id-digits.js";

const big = "9007199254740993";
const other = "18446744073709551615";

for (const { name, text, want } of [
  { name: "an event", text: `{"id":${big}}`, want: [big] },
  { name: "an array", text: `[{"id":${big}},{"id":1},{},{"id":${other}}]`, want: [big, "1", undefined, other] },
  { name: "an empty array", text: "[]", want: [] },
  { name: "white space everywhere", text: ` [ {\t"a" :\n1 , "id" :\r ${big} } , { "id": 2 }] `, want: [big, "2"] },
  { name: "white space before an event", text: `\n {"id":${big}}`, want: [big] },
  { name: "an id deeper down is none", text: `{"data":{"id":3},"id":${big},"more":[{"id":4}]}`, want: [big] },
  { name: "only an id deeper down", text: `[{"data":{"id":3}}]`, want: [] },
  { name: "an array in an array is no event", text: `[[{"id":3}],{"id":5}]`, want: [undefined, "5"] },
  { name: "a comma in an array in an event", text: `[{"a":[1,2,{"b":[3,4]}],"id":7},{"id":8}]`, want: ["7", "8"] },
  { name: "the last of two counts, as for JSON.parse", text: `{"id":1,"id":${big}}`, want: [big] },
  { name: "a value that reads id is no key", text: `{"a":"id","b":1,"id":${big}}`, want: [big] },
  { name: "a string in an array is no key", text: `{"a":["id",7],"b":5}`, want: [] },
  { name: "a key with an escape", text: `{"\\u0069d":${big}}`, want: [big] },
  { name: "another key with an escape", text: `{"\\u0069d\\u0069":${big}}`, want: [] },
  { name: "quotes and backslashes in strings", text: `{"a":"\\"id\\":5,\\\\","b\\\\":"}","id":${big}}`, want: [big] },
  { name: "brackets in strings", text: `[{"a":"]}[{","id":${big}},{"id":6}]`, want: [big, "6"] },
  { name: "an id that is no number", text: `[{"id":"5"},{"id":{"id":6}},{"id":[7]},{"id":true}]`, want: [undefined, undefined, undefined, undefined] },
  { name: "other numbers", text: `[{"id":-${big}},{"id":1.5e+300},{"id":2E-7}]`, want: [`-${big}`, "1.5e+300", "2E-7"] },
  { name: "another key before a number", text: `{"idx":5,"d":6,"i":7}`, want: [] },
]) {
  test(name, () => {
    JSON.parse(text);
    const got = idDigits(text);
    assert.deepEqual([...got], want);
  });
}

test("a frame of any depth is read", () => {
  const deep = "[".repeat(200_000) + "]".repeat(200_000);
  assert.deepEqual(idDigits(`{"d":${deep},"id":${big}}`), [big]);
});
