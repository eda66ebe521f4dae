import assert from "node:assert/strict";
import { test } from "node:test";
import { Conflation } from "./conflation.js";
import { Latest } from "./latest.js";
import { Uplink } from "./uplink.js";

const rules = new Map([
  ["price.*", 250],
  ["alerts", 0],
  ["fx", 16.7],
]);

/** @param {string} since */
function setup(since = "") {
  const latest = new Latest(rules, since);
  const hello = (generation, name, at = "e-0") => latest.hello(generation, { wakesocket: "hello", latest: name, at });
  const take = (generation, ...events) =>
    latest.take(
      generation,
      events.map(([id, more]) => ({ id: `e-${id}`, topic: "price.a", ...more })),
    );
  return { latest, hello, take };
}

test("an address and a frame name what is wanted in its newest event", () => {
  const { latest } = setup();
  assert.deepEqual(latest.query(["alerts", "price.*", "fx"]), [
    ["latest", "250,price.*"],
    ["latest", "17,fx"],
  ]);
  assert.deepEqual(latest.of(["fx"]), { fx: 17 });
  assert.equal(latest.of(["alerts"]), undefined);
  assert.deepEqual(setup("e-5").latest.query(["alerts"]), [["since", "e-5"]]);
  assert.equal(latest.wanted, true);
  const none = new Latest(new Map([["a", 0]]), "e-5");
  assert.deepEqual([none.wanted, none.query(["a"])], [false, []]);
});

test("each comes once, and never an older one after a newer one", () => {
  const { hello, take } = setup();
  hello(1, "c");
  assert.deepEqual(take(1, [5, { count: 2, skipped: 1 }]), [{ id: "e-5", topic: "price.a", skipped: 1 }]);
  assert.deepEqual(
    take(1, [5], [4], ["x"]).map(({ id }) => id),
    ["e-x"],
  );
  assert.deepEqual(take(2, [6]), [], "of a socket that has said no hello");
});

test("what was passed over is told exactly, over connections with the same counts", () => {
  const { hello, take } = setup();
  const skipped = (...frames) => take(...frames).map((event) => event.skipped);
  hello(1, "c");
  assert.deepEqual(skipped(1, [5, { count: 5, skipped: 4 }]), [4]);
  assert.deepEqual(skipped(1, [9, { skipped: 3 }]), [3]);
  hello(2, "c");
  assert.deepEqual(skipped(2, [9, { count: 9, skipped: 8 }]), [], "the page has it");
  assert.deepEqual(skipped(2, [12, { skipped: 2 }]), [2]);
  assert.deepEqual(skipped(1, [12, { skipped: 2 }]), []);
  assert.deepEqual(skipped(1, [13]), [undefined]);
  hello(3, "c");
  assert.deepEqual(skipped(3, [15, { count: 15, skipped: 6 }]), [1]);
  hello(4, "other");
  assert.deepEqual(skipped(4, [17, { count: 3, skipped: 6 }]), [6], "another server counts from the start that it was told");
  hello(5, "other");
  assert.deepEqual(skipped(5, [19, { skipped: 1 }], [20]), [1, undefined], "no count is known");
  assert.deepEqual(skipped(5, [21, { skipped: "2" }]), [undefined]);
});

test("the position moves forward only", () => {
  const { latest, hello } = setup();
  hello(1, "c", "e-3");
  assert.equal(latest.since, "e-3");
  for (const [told, since] of [
    ["e-7", "e-7"],
    ["e-6", "e-7"],
    ["", "e-7"],
    [8, "e-7"],
    ["f-1", "f-1"],
  ]) {
    latest.moved(told);
    assert.equal(latest.since, since);
  }
  hello(2, "c", "f-9");
  assert.equal(latest.since, "f-1");
});

test("a server that does not know it, after one that did, is a gap", () => {
  const { latest, hello } = setup();
  assert.equal(hello(1, undefined), undefined);
  hello(2, "c", "e-3");
  assert.deepEqual(hello(3, undefined, "e-9"), { after: "e-3", earliest: "", reason: "unknown" });
  assert.equal(latest.since, "");
  hello(4, "c", "e-9");
  assert.equal(hello(5, "", "e-9"), undefined, "nothing lies between");
});

test("topics that nobody sees any more are forgotten", () => {
  const { latest, hello } = setup();
  hello(1, "c");
  const send = (topic) => latest.take(1, [{ id: "e-1", topic }]).length;
  for (let n = 0; n <= 20_000; n++) assert.equal(send(`price.${n}`), 1);
  assert.equal(send("price.1"), 0);
  assert.equal(send("price.0"), 1);
  latest.ended(1);
  assert.equal(send("price.new"), 0);
});

test("what the server has chosen is shown at once, in place of what waits", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 0 });
  t.mock.method(performance, "now", () => Date.now());
  const shown = [];
  const conflation = new Conflation((event) => shown.push(`${event.id} ${event.skipped ?? 0}`));
  conflation.set(rules);
  conflation.live(true);
  for (const id of ["e-1", "e-2", "e-3"]) conflation.event({ id, topic: "price.a" }, 0);
  const { hello, take } = setup();
  hello(1, "c");
  for (const event of take(1, [6, { skipped: 1 }], [7])) conflation.event(event, 0);
  t.mock.timers.tick(1000);
  assert.deepEqual(shown, ["e-1 0", "e-6 3", "e-7 0"]);
});

test("an uplink asks for the newest events, and hands them over before it moves on", () => {
  const log = [];
  const latest = new Latest(rules, "e-2");
  const uplink = new Uplink(
    {
      write: (generation, text) => (log.push(text), true),
      redial() {},
      error() {},
      history() {},
      gap: ({ reason }) => log.push(`gap ${reason}`),
      cursor: () => "here",
      newest: (events, got) => {
        log.push(`${events.map(({ id }) => id)} since ${latest.since}`);
        got();
      },
    },
    ["alerts", "price.*"],
    latest,
  );
  assert.deepEqual(uplink.dialed(1).query, [
    ["since", "e-2"],
    ["latest", "250,price.*"],
  ]);
  uplink.control(1, { wakesocket: "hello", at: "e-2", latest: "c", limits: { history: 1000 } });
  uplink.state(1, true);
  const frame = { wakesocket: "latest", events: [{ id: "e-9", topic: "price.a" }, 7], at: "e-8", gap: { after: "e-1", earliest: "", reason: "trimmed" } };
  assert.equal(uplink.control(1, frame), false);
  assert.deepEqual([...log, latest.since], ["gap trimmed", "e-9 since e-2", "e-8"]);
  uplink.setTopics(["alerts", "fx"]);
  return Promise.resolve().then(() => {
    assert.equal(log[2], '{"wakesocket":"topics","topics":["alerts","fx"],"latest":{"fx":17}}');
    uplink.ended(1);
    assert.deepEqual(uplink.control(1, { ...frame, events: [{ id: "e-10", topic: "price.a" }] }), false);
    assert.equal(log.length, 3);
  });
});

test("a list that is too long for an address with its rules comes in the first message", () => {
  const names = Array.from({ length: 200 }, (_, n) => `price.${n}`);
  const many = new Map(names.map((name) => [name, 100]));
  const dialed = (latest) => new Uplink({ cursor: () => "" }, names, latest).dialed(1);
  assert.equal(dialed(undefined).later, false);
  const { later, query } = dialed(new Latest(many, "e-1"));
  assert.deepEqual([later, query], [true, [["since", "e-1"]]]);
});

test("beside a snapshot, events before it are of no use, and those after it begin anew", () => {
  const { latest, hello, take } = setup();
  assert.equal(latest.chosen, false);
  latest.restart("e-1");
  assert.equal(latest.since, "", "the next hello says it");
  hello(1, "c", "e-3");
  assert.equal(latest.chosen, true);
  assert.equal(take(1, [5]).length, 1);
  let use = false;
  const later = [];
  latest.wants = () => use;
  latest.then = (call) => later.push(call);
  assert.deepEqual(take(1, [6]), []);
  latest.ended(1);
  assert.equal(latest.chosen, true, "until another server has said something else");
  latest.restart("e-4");
  assert.deepEqual([latest.since, latest.saved], ["e-4", "e-3"], "the page has not got the snapshot");
  latest.given("e-4");
  assert.equal(latest.saved, "e-4");
  use = true;
  hello(2, "c", "e-4");
  assert.deepEqual(take(2, [5, { count: 9, skipped: 2 }]), [{ id: "e-5", topic: "price.a", skipped: 2 }], "it counts from the snapshot on");
  latest.moved("e-7");
  assert.equal(latest.since, "e-4", "the page has not got it");
  for (const call of later) call();
  assert.equal(latest.since, "e-7");
  hello(3, undefined, "e-7");
  assert.equal(latest.chosen, false);
  hello(4, "", "e-7");
  assert.equal(latest.chosen, false);
});
