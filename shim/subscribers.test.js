import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { Subscribers } from "./subscribers.js";

afterEach(() => delete globalThis.reportError);

test("all, and those of the topic", () => {
  const got = [];
  const subscribers = new Subscribers();
  subscribers.add(undefined, (event) => got.push(`all ${event.id}`));
  subscribers.add("cpu", (event) => got.push(`cpu ${event.id}`));
  subscribers.call({ id: 1, topic: "cpu" });
  subscribers.call({ id: 2, topic: "mem" });
  subscribers.call({ id: 3 });
  assert.deepEqual(got, ["all 1", "cpu 1", "all 2", "all 3"]);
});

test("one that throws is reported and stops nothing", () => {
  const reported = [];
  globalThis.reportError = (thrown) => reported.push(thrown.message);
  const got = [];
  const subscribers = new Subscribers();
  subscribers.add(undefined, () => {
    throw new Error("mine");
  });
  subscribers.add(undefined, (event) => got.push(event.id));
  subscribers.call({ id: 1 });
  assert.deepEqual(got, [1]);
  assert.deepEqual(reported, ["mine"]);
});

test("one that left is not called again, not even for this event", () => {
  const got = [];
  const subscribers = new Subscribers();
  subscribers.add(undefined, () => off());
  const off = subscribers.add(undefined, () => got.push("left"));
  subscribers.call({});
  assert.deepEqual(got, []);
});

test("one that joins during an event hears from the next on", () => {
  const got = [];
  const subscribers = new Subscribers();
  const off = subscribers.add(undefined, () => {
    off();
    subscribers.add(undefined, (event) => got.push(event.id));
  });
  subscribers.call({ id: 1 });
  subscribers.call({ id: 2 });
  assert.deepEqual(got, [2]);
});

test("the same function twice is two subscriptions", () => {
  let calls = 0;
  const subscribers = new Subscribers();
  const count = () => calls++;
  subscribers.add("a", count);
  const off = subscribers.add("a", count);
  off();
  off();
  subscribers.call({ topic: "a" });
  assert.equal(calls, 1);
});

test("a pattern hears of every topic that it stands for, once", () => {
  const got = [];
  const subscribers = new Subscribers();
  const hear = (name) => subscribers.add(name, (event) => got.push(`${name} ${event.topic}`));
  const off = [hear("price.*"), hear("price.gold.*"), hear("price.gold.eur"), hear("price.*")];
  for (const topic of ["price", "price.gold.eur", "prices.x", "price.*", 7]) subscribers.call({ topic });
  assert.deepEqual(got.splice(0), [
    "price.gold.eur price.gold.eur",
    "price.gold.* price.gold.eur",
    "price.* price.gold.eur",
    "price.* price.gold.eur",
    "price.* price.*",
    "price.* price.*",
  ]);
  for (const end of off.slice(0, 3)) end();
  subscribers.call({ topic: "price.gold.eur" });
  off[3]();
  off[3]();
  subscribers.call({ topic: "price.gold.eur" });
  assert.deepEqual(got, ["price.* price.gold.eur"]);
  subscribers.add("price.*", () => got.push("again"));
  subscribers.call({ topic: "price.gold" });
  assert.deepEqual(got.slice(1), ["again"]);
});
