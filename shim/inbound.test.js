import assert from "node:assert/strict";
import { test } from "node:test";

const tasks = [];
let now = 0;
globalThis.MessageChannel = class {
  port1 = {};
  port2 = { postMessage: () => tasks.push(() => this.port1.onmessage()) };
};
performance.now = () => now;
const { Inbound } = await import("./inbound.js");

/** Frames take a time to be read, and events to be delivered; the log has one line a task. */
function setup({ reading, delivering }) {
  while (tasks.length > 0) tasks.shift()();
  const log = [];
  let line = "";
  const parse = JSON.parse;
  const inbound = new Inbound(
    {
      events(_, events, ids) {
        line += `r${events.length}`;
        inbound.delivery.events(events, ids, "");
      },
      control() {},
      pong: () => (line += "p"),
      other() {},
      error: assert.fail,
    },
    {
      deliver() {
        now += delivering;
        line += ".";
      },
      paused() {},
      lagChanged() {},
    },
  );
  const frames = (count) => {
    for (let i = 0; i < count; i++) inbound.pump.push(1, `{"id":"${i}"}`);
  };
  const run = (limit = 100) => {
    JSON.parse = (text) => ((now += reading), parse(text));
    for (; tasks.length > 0 && limit > 0; limit--) {
      const start = now;
      line = "";
      tasks.shift()();
      log.push(`${line} ${now - start}`);
    }
    JSON.parse = parse;
  };
  return { inbound, frames, run, log };
}

test("a few frames are read and delivered in one task", () => {
  const { frames, run, log } = setup({ reading: 1, delivering: 1 });
  frames(2);
  run();
  assert.deepEqual(log, ["r2.. 4"]);
});

test("no task is longer than reading and delivering together may be", () => {
  const { frames, run, log } = setup({ reading: 1, delivering: 1 });
  frames(12);
  run();
  assert.deepEqual(log, ["r4.... 8", "r4.... 8", "r4.... 8"]);
});

test("while events wait, reading rests, and yet goes on", () => {
  const { frames, run, log } = setup({ reading: 0.125, delivering: 3 });
  frames(40);
  run(8);
  assert.deepEqual(log, ["r32.. 10", "... 9", "... 9", "r8... 10", "... 9", "... 9", "... 9", "... 9"]);
});

test("reading that takes long leaves time for delivering", () => {
  const { frames, run, log } = setup({ reading: 20, delivering: 1 });
  frames(2);
  run();
  assert.deepEqual(log, ["r1. 21", "r1. 21"]);
});

test("a pong is read while many events wait", () => {
  const { inbound, frames, run, log } = setup({ reading: 0.01, delivering: 5 });
  frames(50);
  run(1);
  inbound.pump.push(1, "pong");
  run(4);
  assert.ok(
    log.slice(1, 5).some((line) => line.includes("p")),
    log.join("\n"),
  );
});

test("clear leaves no work", () => {
  const { inbound, frames, run, log } = setup({ reading: 1, delivering: 1 });
  frames(30);
  run(1);
  inbound.clear();
  run();
  assert.deepEqual(log.slice(1), [" 0"]);
});
