import assert from "node:assert/strict";
import { test } from "node:test";
import { Queue } from "./queue.js";

test("items come out in the order in which they went in", () => {
  const queue = new Queue();
  assert.equal(queue.shift(), undefined);
  assert.equal(queue.length, 0);
  const out = [];
  for (let i = 0; i < 10; i++) {
    queue.push({ i: 2 * i });
    queue.push({ i: 2 * i + 1 });
    assert.equal(queue.length, i + 2);
    assert.equal(queue.first().i, i);
    assert.equal(queue.length, i + 2);
    out.push(queue.shift().i);
  }
  while (queue.length > 0) out.push(queue.shift().i);
  assert.deepEqual(
    out,
    Array.from({ length: 20 }, (_, i) => i),
  );
  assert.equal(queue.shift(), undefined);
  assert.equal(queue.length, 0);
});

test("clear leaves nothing", () => {
  const queue = new Queue();
  for (let i = 0; i < 3; i++) queue.push({ i });
  queue.shift();
  queue.push({ i: 3 });
  queue.clear();
  assert.deepEqual([queue.length, queue.first()], [0, undefined]);
  queue.push({ i: 4 });
  assert.deepEqual([queue.length, queue.shift()], [1, { i: 4 }]);
});
