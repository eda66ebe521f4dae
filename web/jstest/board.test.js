import assert from "node:assert/strict";
import { test } from "node:test";
import { Board } from "../assets/js/board.js";

test("a board tells the age of the oldest price in sight", () => {
  const board = new Board();
  assert.equal(board.oldest(["A", "B"], 1000), null, "nothing is known yet");
  board.note("A", 1, 400);
  board.note("B", 2, 900, 3);
  board.note("C", 3, 100, 1);
  assert.equal(board.oldest(["A", "B", "X"], 1000), 600);
  assert.equal(board.oldest(["B"], 1000), 100);
  board.note("A", 5, 950);
  assert.deepEqual(board.get("A"), { price: 5, time: 950 });
  assert.deepEqual([board.received, board.skipped], [4, 4]);
  board.forget("C");
  assert.equal(board.get("C"), undefined);
  assert.equal(board.oldest(["C"], 1000), null);
});
