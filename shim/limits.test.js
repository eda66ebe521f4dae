import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { TopicSet, checkName } from "./topic-set.js";
import { Limits, isPattern, matches, patterns } from "./limits.js";

test("the most specific limit counts; where page and server name the same, the page's", () => {
  const limits = new Limits({ cpu: 1, "price.*": 2, "*": 3, never: 0 });
  limits.declare({ cpu: 10, mem: 20, "price.gold": 30, "price.gold.*": 40, "*": 50 });
  for (const [topic, want] of [
    ["cpu", 1],
    ["mem", 20],
    ["price.gold", 30],
    ["price.gold.eur", 40],
    ["price.silver", 2],
    ["other", 3],
    ["", 3],
    ["never", 0],
  ]) {
    assert.equal(limits.of(topic), want, topic);
  }
});

test("a number is the limit of all topics, and nothing is none", () => {
  assert.equal(new Limits(5000).of("cpu"), 5000);
  assert.equal(new Limits().of("cpu"), 0);
  const declared = new Limits();
  declared.declare({ "*": 7 });
  assert.equal(declared.of("cpu"), 7);
});

test("a declaration of 0 ends one, what is no limit is left out, a topic not named keeps its own", () => {
  const limits = new Limits({ mem: 9 });
  limits.declare({ cpu: 1, disk: 2, net: -1, load: "5", tcp: null });
  limits.declare({ cpu: 0 });
  for (const nothing of [undefined, null, 5, "cpu"]) limits.declare(nothing);
  assert.deepEqual(
    ["cpu", "disk", "net", "load", "tcp", "mem"].map((topic) => limits.of(topic)),
    [0, 2, 0, 0, 0, 9],
  );
  limits.clear();
  assert.deepEqual(
    ["disk", "mem"].map((topic) => limits.of(topic)),
    [0, 9],
  );
});

test("topics with a limit by name are expected to speak", () => {
  const limits = new Limits({ cpu: 1, "price.*": 2, "*": 3 });
  limits.declare({ cpu: 4, mem: 5, "*": 6 });
  assert.deepEqual(limits.topics(), ["cpu", "mem"]);
});

test("names stand for topics as on the wire", () => {
  for (const { name, pattern, refused, matches: yes, not } of JSON.parse(readFileSync(new URL("../wasm/wire/testdata/topics.json", import.meta.url), "utf8"))) {
    assert.equal(isPattern(name), pattern, name);
    if (refused) assert.throws(() => checkName(name), { name: "TypeError", message: new RegExp(`^"${name.replace(/[.*>]/g, "\\$&")}" is no pattern`) });
    else checkName(name);
    for (const topic of yes) assert.ok(matches(name, topic), `${name} stands for ${topic}`);
    for (const topic of yes) assert.ok(new TopicSet(["x", name]).has(topic), `${name} stands for ${topic}`);
    for (const topic of not) assert.ok(!new TopicSet(["x", name]).has(topic), `${name} does not stand for ${topic}`);
    for (const topic of not) assert.ok(!matches(name, topic), `${name} does not stand for ${topic}`);
  }
  assert.deepEqual(patterns("a.b.c"), ["a.b.*", "a.*"]);
});
