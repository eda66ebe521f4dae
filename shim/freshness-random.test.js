import assert from "node:assert/strict";
import { test } from "node:test";
import { Freshness } from "./freshness.js";
import { clocks } from "./testing/clocks.js";
import { random } from "./testing/random.js";

const start = 1_800_000_000_000;
const topics = ["cpu", "mem", "price.eur", "price.usd"];
/** Limits are looked at by a timer; within so many ms both answers are right. */
const unsure = 25;

/**
 * A feed through replays, cuts, sleeps and clocks that are set, against the one true
 * time, which neither clock of the page shows.
 */
class World {
  #random;
  #time;
  #freshness;
  #slept = 0;
  #generation = 1;
  /** The newest event of each topic, in true time. @type {Map<string, number>} */
  #newest = new Map();
  /** What is expected, and since when. @type {Map<string, number>} */
  #expected = new Map();
  /** @type {Record<string, number>} */
  #limits = {};
  /** @type {Set<string>} what the page was told to be stale */
  #told = new Set();

  constructor(t, seed) {
    this.#random = random(seed);
    this.#time = clocks(t);
    this.#freshness = new Freshness(
      {},
      {
        changed: (type, { topic }) => {
          assert.equal(this.#told.has(topic), type === "fresh", `${type} ${topic} is no news`);
          if (type === "stale") this.#told.add(topic);
          else this.#told.delete(topic);
        },
        lag: () => 0,
        error: (error) => assert.fail(error),
      },
    );
    this.#time.setWall(this.int(2 * 3_600_000) - 3_600_000);
    this.connect();
  }

  int(n) {
    return Math.floor(this.#random() * n);
  }

  pick(list) {
    return list[this.int(list.length)];
  }

  get #now() {
    return start + performance.now() + this.#slept;
  }

  connect() {
    this.#freshness.control({ wakesocket: "hello", time: this.#now, fresh: this.#limits });
    this.#freshness.state("live", this.#generation);
    this.#expect();
  }

  #expect() {
    for (const topic of topics) if (topic in this.#limits && !this.#expected.has(topic)) this.#expected.set(topic, this.#now);
  }

  lose(ms) {
    this.#freshness.state("reconnecting");
    this.pass(ms);
    this.#generation++;
    this.connect();
  }

  pass(ms) {
    this.#time.pass(ms);
  }

  sleep(ms) {
    this.#slept += ms;
    this.#time.setWall(ms);
    this.lose(this.int(3000));
  }

  setClock() {
    this.#time.setWall((1 + this.int(3_600_000)) * this.pick([1, -1]));
    if (this.int(2)) return this.lose(this.int(5000));
    this.#freshness.state("checking", this.#generation);
    this.#freshness.state("live", this.#generation);
  }

  say(age) {
    const topic = this.pick(topics);
    const time = this.#now - age;
    this.#freshness.event({ topic, time });
    this.#newest.set(topic, Math.max(time, this.#newest.get(topic) ?? 0));
  }

  limit() {
    const name = this.pick([...topics, "price.*", "*"]);
    this.#limits[name] = this.pick([500, 3000, 20_000]);
    this.#freshness.control({ wakesocket: "fresh", fresh: { [name]: this.#limits[name] } });
    this.#expect();
  }

  #limit(topic) {
    const { [topic]: own, [topic.startsWith("price.") ? "price.*" : "*"]: pattern, "*": all } = this.#limits;
    return own ?? pattern ?? all ?? Infinity;
  }

  check(story) {
    for (const topic of topics) {
      const since = this.#newest.get(topic) ?? this.#expected.get(topic);
      if (since === undefined) continue;
      const over = this.#now - since - this.#limit(topic);
      const { age, stale } = this.#freshness.topic(topic);
      if (this.#newest.has(topic)) assert.ok(Math.abs(age - (this.#now - since)) < 2, `${story}: ${topic} is ${this.#now - since} ms old, not ${age}`);
      if (Math.abs(over) < unsure) continue;
      assert.equal(stale, over > 0, `${story}: ${topic} is ${over} ms over its limit`);
      assert.equal(this.#told.has(topic), over > 0, `${story}: what the page was told of ${topic}, ${over} ms over its limit`);
    }
  }
}

for (let seed = 1; seed <= 60; seed++) {
  test(`topics are stale exactly when their data are too old, seed ${seed}`, (t) => {
    const world = new World(t, seed);
    const steps = {
      say: () => world.say(0),
      replay: () => world.say(world.int(30_000)),
      pass: () => world.pass(world.int(2000)),
      wait: () => world.pass(world.int(10_000)),
      lose: () => world.lose(world.int(2000)),
      sleep: () => world.sleep(3000 + world.int(600_000)),
      "set a clock": () => world.setClock(),
      limit: () => world.limit(),
    };
    const names = [...Object.keys(steps), "say", "say", "say", "replay", "pass", "pass"];
    const story = [];
    for (let i = 0; i < 80; i++) {
      const name = world.pick(names);
      story.push(name);
      steps[name]();
      world.check(story.slice(-6).join(", "));
    }
  });
}
