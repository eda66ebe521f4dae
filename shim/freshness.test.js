import assert from "node:assert/strict";
import { test } from "node:test";
import { Freshness } from "./freshness.js";
import { clocks } from "./testing/clocks.js";

const start = 1_800_000_000_000;

function setup(t, options = {}) {
  const time = clocks(t);
  const log = [];
  const page = { waiting: 0 };
  const freshness = new Freshness(options, {
    changed: (type, { topic, age, staleAfter }) => log.push(`${type} ${topic} ${age} ${staleAfter}`),
    lag: () => page.waiting,
    error: (error) => log.push(error.code),
  });
  const live = (generation = 1) => freshness.state("live", generation);
  return { time, log, page, freshness, live, say: (topic, more) => freshness.event({ topic, ...more }) };
}

test("a silent topic goes stale while the feed is live, and comes back with its next event", (t) => {
  const { time, log, freshness, live, say } = setup(t, { staleAfter: 5000 });
  live();
  say("cpu");
  time.pass(3000);
  say("mem");
  time.pass(1990);
  assert.equal(freshness.topic("cpu").stale, false);
  assert.deepEqual(log, []);
  time.pass(20);
  assert.deepEqual(log, ["stale cpu 5010 5000"]);
  assert.deepEqual(freshness.staleTopics(), ["cpu"]);
  assert.deepEqual(freshness.topic("cpu"), { stale: true, lastEventAt: start, age: 5010 });
  assert.equal(freshness.topic("mem").stale, false);
  assert.deepEqual(freshness.topic(), { stale: true, lastEventAt: start + 3000, age: 2010 });
  say("cpu");
  assert.deepEqual(log.slice(1), ["fresh cpu 0 5000"]);
  assert.equal(freshness.topic().stale, false);
  time.pass(3000);
  assert.deepEqual(log.slice(2), ["stale mem 5010 5000"]);
  time.pass(2010);
  assert.deepEqual(log.slice(3), ["stale cpu 5010 5000"]);
});

test("an event that waited for the page's callbacks is as old as that", (t) => {
  const { time, log, freshness, live } = setup(t, { staleAfter: { cpu: 5000 } });
  const at = performance.now();
  time.pass(6000);
  live();
  freshness.event({ topic: "cpu" }, at);
  assert.deepEqual(freshness.topic("cpu"), { stale: true, lastEventAt: start, age: 6000 });
  assert.deepEqual(log, ["stale cpu 6000 5000"]);
});

test("whatever is no longer stale is reported, also where it is no longer expected", (t) => {
  const { time, log, freshness, live, say } = setup(t, { staleAfter: 1000 });
  live();
  time.pass(1500);
  assert.deepEqual(log.splice(0), ["stale  null 1000"]);
  say("cpu");
  assert.deepEqual(log.splice(0), ["fresh  null 1000"]);
  say("mem");
  time.pass(1500);
  assert.deepEqual(log.splice(0), ["stale cpu 1010 1000", "stale mem 1010 1000"]);
  freshness.filter(["mem"]);
  assert.deepEqual(log.splice(0), ["fresh cpu 1500 1000"]);
  assert.deepEqual(freshness.staleTopics(), ["mem"]);
});

test("a topic that goes on speaking never goes stale", (t) => {
  const { time, log, live, say } = setup(t, { staleAfter: { cpu: 100 } });
  live();
  for (let i = 0; i < 50; i++) {
    say("cpu");
    time.pass(90);
  }
  assert.deepEqual(log, []);
});

test("nothing is stale by age without a limit, and nothing is fresh without a connection", (t) => {
  const { time, freshness, live, say, page } = setup(t);
  assert.deepEqual(freshness.topic("cpu"), { stale: true, lastEventAt: null, age: null });
  assert.deepEqual(freshness.topic(), { stale: true, lastEventAt: null, age: null });
  live();
  assert.equal(freshness.topic("cpu").stale, false);
  say("cpu");
  time.pass(1e6);
  assert.deepEqual(freshness.topic("cpu"), { stale: false, lastEventAt: start, age: 1e6 });
  page.waiting = 1;
  assert.equal(freshness.topic("cpu").stale, true);
  page.waiting = 0;
  freshness.state("checking");
  assert.equal(freshness.topic("cpu").stale, true);
  assert.equal(freshness.topic().stale, true);
});

test("a topic that is expected must speak within its limit", (t) => {
  const { time, log, live, freshness } = setup(t, { staleAfter: { cpu: 1000, "x.*": 10, "*": 2000 }, topics: ["cpu", "mem", "y.*"] });
  time.pass(5000);
  assert.deepEqual(log, [], "the time before the first connection does not count");
  live();
  time.pass(1010);
  assert.deepEqual(log, ["stale cpu null 1000"]);
  assert.deepEqual(freshness.topic("cpu"), { stale: true, lastEventAt: null, age: null });
  time.pass(1000);
  assert.deepEqual(log.slice(1), ["stale mem null 2000"]);
});

test("a feed of which no topic is known must say something within the limit of all", (t) => {
  const { time, log, live, freshness, say } = setup(t, { staleAfter: 1000 });
  live();
  time.pass(1010);
  assert.deepEqual(log, ["stale  null 1000"]);
  assert.equal(freshness.topic().stale, true);
  say("cpu");
  assert.deepEqual(freshness.staleTopics(), []);
  time.pass(500);
  freshness.event({ data: 1 });
  time.pass(600);
  assert.deepEqual(freshness.staleTopics(), ["cpu"]);
});

test("a topic that the page asks for is expected to speak", (t) => {
  const { time, log, live, freshness, say } = setup(t, { staleAfter: 1000 });
  freshness.topic("cpu");
  live();
  say("mem");
  time.pass(900);
  assert.equal(freshness.topic("cpu").stale, false);
  assert.deepEqual(freshness.topic("mem").age, 900);
  say("mem");
  time.pass(500);
  assert.equal(freshness.topic("disk").stale, false);
  assert.deepEqual(log, ["stale cpu null 1000"]);
  say("cpu");
  time.pass(520);
  say("mem");
  assert.deepEqual(log.slice(1), ["fresh cpu 0 1000", "stale mem 1010 1000", "fresh mem 0 1000"]);
  time.pass(500);
  assert.deepEqual(log.slice(4), ["stale cpu 1010 1000", "stale disk null 1000"]);
});

test("without a limit nothing is expected of a topic that is asked for", (t) => {
  const { time, log, live, freshness } = setup(t, { staleAfter: { mem: 1e9 } });
  live();
  freshness.topic("cpu");
  time.pass(1e5);
  assert.equal(freshness.topic("cpu").stale, false);
  assert.deepEqual(log, []);
});

test("a topic that the feed does not follow is stale", (t) => {
  const { live, freshness, say } = setup(t, { topics: ["cpu", "price.*"] });
  live();
  const stale = (...names) => names.map((name) => freshness.topic(name).stale);
  assert.deepEqual(stale("cpu", "price.eur", "price.eur.*", "price.*"), [false, false, false, false]);
  assert.deepEqual(stale("mem", "price", "pri.*"), [true, true, true]);
  say("cpu");
  freshness.remove(["cpu"]);
  assert.deepEqual(stale("cpu", "price.eur"), [true, false]);
  freshness.remove(["price.*"]);
  assert.deepEqual(stale("cpu", "price.eur"), [true, true]);
  freshness.add(["cpu"]);
  assert.deepEqual(stale("cpu", "price.eur"), [false, true]);
  freshness.filter([]);
  freshness.add(["mem"]);
  assert.deepEqual(stale("cpu", "mem", "any"), [false, false, false]);
  freshness.filter(["a.b.c"]);
  assert.deepEqual(stale("a.*", "a.b.*", "a.b.c.*", "b.*"), [false, false, true, true]);
});

test("a pattern stands for the topics that it matches", (t) => {
  const { time, log, live, freshness, say } = setup(t, { staleAfter: { "price.*": 1000, "a.*": 0 } });
  live();
  assert.deepEqual(freshness.topic("price.*"), { stale: false, lastEventAt: null, age: null });
  time.pass(1010);
  assert.deepEqual(log.splice(0), ["stale price.* null 1000"]);
  say("price.eur");
  assert.deepEqual(log.splice(0), ["fresh price.* null 1000"]);
  time.pass(600);
  say("price.usd");
  say("price");
  assert.deepEqual(freshness.topic("price.*"), { stale: false, lastEventAt: start + 1610, age: 0 });
  assert.deepEqual(freshness.topic("price.eur.*"), { stale: false, lastEventAt: null, age: null });
  time.pass(500);
  assert.deepEqual(freshness.topic("price.*"), { stale: true, lastEventAt: start + 1610, age: 500 });
  assert.deepEqual(log, ["stale price.eur 1010 1000"]);
});

test("a feed that has said nothing is not fresh because a topic is named", (t) => {
  const { time, log, live, freshness, say } = setup(t, { staleAfter: 1000 });
  live();
  time.pass(1010);
  freshness.topic("cpu");
  freshness.control({ wakesocket: "fresh", fresh: { mem: 3000 } });
  assert.equal(freshness.topic().stale, true);
  say("mem");
  assert.deepEqual(log, ["stale  null 1000", "fresh  null 1000"]);
});

test("topics that are no longer wanted are forgotten, and new ones expected", (t) => {
  const { time, log, live, freshness, say } = setup(t, { staleAfter: { cpu: 100, mem: 100, disk: 100 }, topics: ["cpu"] });
  live();
  say("cpu");
  freshness.filter(["mem"]);
  time.pass(110);
  assert.deepEqual(log, ["stale mem null 100"]);
  freshness.filter([]);
  time.pass(110);
  assert.deepEqual(freshness.staleTopics().sort(), ["cpu", "disk", "mem"]);
});

test("the server declares limits in its hello, and changes them", (t) => {
  const { time, log, live, freshness, say } = setup(t);
  freshness.control({ wakesocket: "hello", fresh: { cpu: 1000, mem: 3000 } });
  live();
  say("cpu");
  time.pass(1010);
  assert.deepEqual(log, ["stale cpu 1010 1000"]);
  freshness.control({ wakesocket: "position", fresh: { cpu: 1e9 } });
  assert.deepEqual(freshness.staleTopics(), ["cpu"], "other frames declare nothing");
  freshness.control({ wakesocket: "fresh", fresh: { cpu: 5000 } });
  assert.deepEqual(log.slice(1), ["fresh cpu 1010 5000"]);
  time.pass(2000);
  assert.deepEqual(log.slice(2), ["stale mem null 3000"]);
  freshness.control({ wakesocket: "hello", fresh: {} });
  assert.deepEqual(log.slice(3), ["fresh mem null 0"], "a new hello replaces what the last one declared");
});

test("replayed events are as old as they say", (t) => {
  const { time, log, live, freshness, say } = setup(t, { staleAfter: 5000 });
  freshness.control({ wakesocket: "hello", time: start - 3_600_000 }); // the page's clock is an hour ahead
  live();
  say("cpu", { time: start - 2 * 3_600_000 });
  assert.deepEqual(log, ["stale cpu 3600000 5000"]);
  assert.equal(freshness.topic().age, 3_600_000);
  say("cpu", { time: start - 3_600_000 - 100 });
  assert.deepEqual(log.slice(1), ["fresh cpu 100 5000"]);
  say("cpu", { time: start - 2 * 3_600_000 });
  assert.equal(freshness.topic("cpu").age, 100, "the newest data count, whatever came last");
  time.pass(4910);
  assert.deepEqual(log.slice(2), ["stale cpu 5010 5000"]);
});

test("a plain server's events say when they were published in the field that the page names", (t) => {
  const { freshness, live, say, log } = setup(t, { timeField: "data.at" });
  live();
  say("cpu", { time: start - 5000 });
  assert.equal(freshness.topic("cpu").age, 0, "an event's own field time is not ours");
  say("cpu", { data: { at: new Date(start - 7000).toISOString() } });
  assert.equal(freshness.topic("cpu").age, 7000);
  say("cpu", { data: { at: 12 } });
  assert.deepEqual(log, ["time-invalid"]);
  assert.equal(freshness.topic("cpu").age, 0);
});

test("the page's field counts with our own feeds, too", (t) => {
  const { freshness, live, say } = setup(t, { timeField: "data.at" });
  freshness.control({ wakesocket: "hello", time: start });
  live();
  say("cpu", { time: start, data: { at: start - 9000 } });
  assert.equal(freshness.topic("cpu").age, 9000);
});

test("a clock that is set changes no age; a sleep does", (t) => {
  const { time, freshness, live, say } = setup(t);
  live(1);
  say("cpu");
  time.setWall(-3_600_000);
  time.pass(1000);
  assert.equal(freshness.topic("cpu").age, 1000);
  time.setWall(7_200_000);
  time.pass(1000);
  assert.equal(freshness.topic("cpu").age, 2000);
  freshness.state("checking", 1);
  live(1); // the same socket answered
  assert.equal(freshness.topic("cpu").age, 2000);
  time.setWall(600_000);
  freshness.state("checking", 1);
  assert.equal(freshness.topic("cpu").age, 2000);
  freshness.state("reconnecting", 0);
  assert.equal(freshness.topic("cpu").age, 602_000);
  live(2);
  time.setWall(60_000);
  live(3); // another socket had to be made
  assert.equal(freshness.topic("cpu").age, 662_000);
});

test("a topic without a name and one that is no text count as one", (t) => {
  const { freshness, live, time } = setup(t, { staleAfter: 100 });
  live();
  freshness.event({ topic: 5 });
  time.pass(50);
  freshness.event({});
  time.pass(60);
  assert.deepEqual(freshness.staleTopics(), []);
  assert.equal(freshness.topic("").age, 60);
});

test("round trips refine the server's clock", (t) => {
  const { freshness, live, say } = setup(t);
  freshness.control({ wakesocket: "hello", time: start });
  freshness.roundTrip(100);
  live();
  say("cpu", { time: start - 1000 });
  assert.equal(freshness.topic("cpu").age, 1050);
});

test("a feed that is closed has no timer", (t) => {
  const { time, log, live, say, freshness } = setup(t, { staleAfter: 100 });
  live();
  say("cpu");
  freshness.state("stopped");
  time.pass(1000);
  assert.deepEqual(log, []);
  freshness.state("connecting");
  assert.deepEqual(log, ["stale cpu 1000 100"]);
});

test("ten thousand topics are remembered, not more", (t) => {
  const { freshness, live, say } = setup(t);
  live();
  for (let i = 0; i <= 10_000; i++) say(`t${i}`);
  assert.equal(freshness.topic("t0").lastEventAt, null);
  assert.equal(freshness.topic("t1").lastEventAt, start);
  assert.equal(freshness.topic("t10000").lastEventAt, start);
});
