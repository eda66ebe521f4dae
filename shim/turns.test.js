// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { Turns } from "./turns.js";

test("a step that is asked for during another runs after it", () => {
  /** @type {string[]} */
  const done = [];
  const turns = new Turns(() => assert.fail());
  turns.run(() => {
    turns.run(() => done.push("second"));
    turns.run(() => done.push("third"));
    done.push("first");
  });
  assert.deepEqual(done, ["first", "second", "third"]);
  turns.run(() => done.push("later"));
  assert.equal(done.at(-1), "later");
});

test("a step that throws is reported, and the others run", () => {
  /** @type {unknown[]} */
  const told = [];
  let ran = false;
  const turns = new Turns((cause) => told.push(cause));
  turns.run(() => {
    turns.run(() => (ran = true));
    throw "boom";
  });
  assert.deepEqual(told, ["boom"]);
  assert.ok(ran);
});
