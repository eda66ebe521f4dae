import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { adviceIn, isPermanent, refusal } from "./close-codes.js";

const vectors = JSON.parse(readFileSync(new URL("../wasm/wire/testdata/close.json", import.meta.url), "utf8"));

test("codes are permanent or not, as the protocol says", () => {
  for (const { code, permanent } of vectors.codes) assert.equal(isPermanent(code), permanent, String(code));
});

test("advice in a reason", () => {
  for (const { reason, ms } of vectors.advice) assert.equal(adviceIn(reason), ms, reason);
  for (const [reason, ms] of [
    ["retry=1500 draining", 1500],
    ["retry=0", 0],
    ["retry=600001", 600_000],
    ["retry=9223372036854775807 x", 600_000],
    ["retry=9223372036854775808 x", undefined],
    ["retry=", undefined],
    ["retry=-1", undefined],
    ["retry=1.5", undefined],
    ["wait retry=1", undefined],
    ["", undefined],
  ]) {
    assert.equal(adviceIn(reason), ms, reason);
  }
});

test("an end is described in a sentence", () => {
  assert.equal(refusal(4403, "no"), "the server closed with code 4403: no");
  assert.equal(refusal(1008, ""), "the server closed with code 1008");
});
