import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameParts } from "./frame-parts.js";

test("what comes whole stays as it is", () => {
  const parts = new FrameParts();
  for (const data of ['{"id":"a"}', "", "pong", "w", "wakesocket", "wake+", new ArrayBuffer(2), undefined]) {
    assert.equal(parts.join(data), data);
  }
});

test("parts are joined, and pongs get in between", () => {
  const parts = new FrameParts();
  assert.equal(parts.join('wakesocket+{"id":'), undefined);
  assert.equal(parts.join("pong"), "pong");
  assert.equal(parts.join('wakesocket+"wakesocket='), undefined);
  assert.equal(parts.join('wakesocket=a"}'), '{"id":"wakesocket=a"}');
  assert.equal(parts.join("wakesocket=[]"), "[]");
});

test("a frame that is never completed is not another's beginning", () => {
  new FrameParts().join("wakesocket+half");
  assert.equal(new FrameParts().join("wakesocket=[]"), "[]");
});
