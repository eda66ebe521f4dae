import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Delivery } from "./delivery.js";

let now;
performance.now = () => now;
beforeEach(() => (now = 0));

/** A delivery whose callbacks take a time, on the test's clock. */
function setup({ callback = () => {}, time = 1 } = {}) {
  const log = [];
  let asked = 0;
  const delivery = new Delivery(
    {
      deliver(event, id) {
        now += time;
        log.push(`${event.id}${id === event.id ? "" : `(${id})`}`);
        callback(event);
      },
      paused: () => log.push("|"),
      lagChanged: () => log.push(`lag ${delivery.lag}`),
    },
    () => asked++,
  );
  const events = (...ids) =>
    delivery.events(
      ids.map((id) => ({ id })),
      ids,
      "",
    );
  return { delivery, log, events, asked: () => asked };
}

test("an event comes with the time of its arrival", () => {
  const times = [];
  const delivery = new Delivery({ deliver: (event, id, at) => times.push([id, at]), paused() {}, lagChanged() {} }, () => {});
  now = 7;
  delivery.events([{}, {}], ["a", "b"], "");
  now = 900;
  delivery.deliver(901);
  assert.deepEqual(times, [
    ["a", 7],
    ["b", 7],
  ]);
});

test("events come in order and say when they want to be delivered", () => {
  const { delivery, log, events, asked } = setup();
  assert.equal(delivery.waiting, false);
  events("a", "b");
  events("c");
  assert.equal(asked(), 2);
  assert.equal(delivery.waiting, true);
  assert.deepEqual(log, []);
  delivery.deliver(8);
  assert.deepEqual(log, ["a", "b", "c", "|"]);
  assert.equal(delivery.waiting, false);
});

test("the deadline ends a run, and the next goes on where it ended", () => {
  const { delivery, log, events } = setup({ time: 3 });
  events("a", "b", "c", "d", "e");
  delivery.deliver(6);
  assert.deepEqual(log, ["a", "b", "|"]);
  delivery.deliver(14);
  assert.deepEqual(log.slice(3), ["c", "d", "e", "|"]);
});

test("at least one event is delivered, whatever the time", () => {
  const { delivery, log, events } = setup();
  events("a", "b");
  now = 100;
  delivery.deliver(8);
  assert.deepEqual(log, ["a", "|"]);
});

test("nothing to deliver is nothing to tell", () => {
  const { delivery, log } = setup();
  delivery.deliver(8);
  assert.deepEqual(log, []);
});

test("a mask withholds events", () => {
  const { delivery, log, asked } = setup();
  const ids = ["a", "b", "c"];
  const events = ids.map((id) => ({ id }));
  delivery.events(events, ids, "101");
  delivery.events(events, ids, "000");
  assert.equal(asked(), 1);
  delivery.events([{ id: "d" }], [""], "1");
  delivery.deliver(8);
  assert.deepEqual(log, ["a", "c", "d()", "|"]);
});

test("what comes between events stays between them", () => {
  const { delivery, log, events } = setup();
  delivery.then(() => log.push("now"));
  assert.deepEqual(log, ["now"]);
  events("a");
  delivery.then(() => log.push("gap"));
  events("b");
  delivery.then(() => log.push("end"));
  delivery.deliver(8);
  assert.deepEqual(log, ["now", "a", "gap", "b", "end", "|"]);
});

test("a callback that clears gets no further event", () => {
  const { delivery, log, events } = setup({ callback: ({ id }) => id === "b" && delivery.clear() });
  events("a", "b", "c");
  events("d");
  delivery.deliver(8);
  assert.deepEqual(log, ["a", "b", "|"]);
  assert.equal(delivery.waiting, false);
});

test("events that come during a callback wait behind the others", () => {
  const { delivery, log, events } = setup({ callback: ({ id }) => id === "a" && events("c") });
  events("a", "b");
  delivery.deliver(8);
  assert.deepEqual(log, ["a", "b", "c", "|"]);
});

test("events that wait for long are lag, until none does", () => {
  const { delivery, log, events } = setup({ time: 200 });
  events("a", "b", "c", "d", "e");
  delivery.then(() => log.push("live"));
  for (const want of [0, 0, 2, 1]) {
    delivery.deliver(0);
    assert.equal(delivery.lag, want);
  }
  delivery.deliver(0);
  // A call at the end is not lag by itself, and does not end it either.
  assert.equal(delivery.lag, 0);
  assert.deepEqual(log, ["a", "|", "b", "|", "c", "|", "lag 2", "d", "|", "e", "|"]);
  delivery.deliver(0);
  assert.deepEqual(log.slice(11), ["live", "|", "lag 0"]);
});

test("half a second is not yet lag, and fresh events end it", () => {
  const { delivery, log, events } = setup({ time: 0 });
  events("a", "b", "c");
  now = 500;
  delivery.deliver(0);
  assert.equal(delivery.lag, 0);
  now = 501;
  delivery.deliver(0);
  assert.equal(delivery.lag, 1);
  events("d", "e");
  delivery.deliver(0);
  assert.equal(delivery.lag, 0);
  assert.deepEqual(
    log.filter((line) => line.startsWith("lag")),
    ["lag 1", "lag 0"],
  );
});

test("clear ends the lag", () => {
  const { delivery, log, events } = setup({ time: 600 });
  events("a", "b");
  delivery.deliver(0);
  assert.equal(delivery.lag, 1);
  delivery.clear();
  assert.deepEqual(log, ["a", "|", "lag 1", "lag 0"]);
});

test("what throws is reported, and affects nothing else", () => {
  const reported = [];
  globalThis.reportError = (thrown) => reported.push(thrown.message);
  const { delivery, log, events } = setup({
    callback({ id }) {
      if (id === "b") throw new Error("mine");
    },
  });
  events("a", "b", "c");
  delivery.then(() => {
    throw new Error("call");
  });
  delivery.deliver(8);
  delete globalThis.reportError;
  assert.deepEqual(log, ["a", "b", "c", "|"]);
  assert.deepEqual(reported, ["mine", "call"]);
});
