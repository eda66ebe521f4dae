import assert from "node:assert/strict";
import { test } from "node:test";
import { digest } from "./digest.js";

const long = "x".repeat(40_000);

for (const [one, other] of [
  ['{"id":1,"run":0}', '{"id":1,"run":1}'],
  ["", "\0"],
  ["ab", "ba"],
  ["a", "\u0161"],
  [long, `y${long.slice(1)}`],
  [long, `${long.slice(1)}y`],
  [long, `${long}x`],
  [`${long.slice(0, 20_000)}`, `${long.slice(0, 20_001)}`],
]) {
  test(`${one.slice(0, 20)} is not ${other.slice(0, 20)} (${one.length}, ${other.length})`, () => {
    assert.notEqual(digest(one), digest(other));
    assert.equal(digest(one), digest(`${one}`));
    assert.match(digest(one), /^[0-9a-z]{1,7}$/);
  });
}

test("characters where one part ends and the other begins all count", () => {
  const text = "x".repeat(2 * 8192);
  for (const place of [0, 8191, 8192, text.length - 1]) {
    assert.notEqual(digest(text), digest(`${text.slice(0, place)}y${text.slice(place + 1)}`));
  }
});
