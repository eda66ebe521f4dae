// A driver for one test, between an engine that answers from a script and fake sockets.
import { WakesocketError } from "../error.js";
import { fakeSockets, fakeTasks } from "./fake-socket.js";
import { driverSettings } from "./driver-settings.js";

export const run = fakeTasks();
const { Driver } = await import("../driver.js");

/**
 * A driver whose engine answers from a script: type of input → effects, or a
 * function of the input that returns them.
 */
export function setup(t, { script = {}, page = {}, settings = {}, open = () => 1, guarded = true } = {}) {
  run();
  t.mock.method(performance, "now", () => 1000); // a busy machine must not cut a burst in pieces
  t.mock.method(Date, "now", () => 1_700_000_000_000); // nor make a clock that went on beside one that stands
  t.mock.method(Math, "random", () => 0.5); // a delay near 0 would make a retry at once
  t.mock.timers.enable({ apis: ["setTimeout"] }); // the basic session's
  const sockets = fakeSockets(t);
  const log = [];
  const calls = [];
  const waiters = [];
  let died;
  const engine = {
    open(options, onDeath) {
      calls.push("open");
      died = onDeath;
      return open();
    },
    step(_, { type, ...fields }) {
      if (type === "adopt") {
        calls.push(`adopt ${fields.phase} ${fields.generation} ${fields.cursor}`);
        if (script.adopt === "die") died(new WakesocketError("engine-failed", "the engine is gone"));
        return script.adopt === "die" ? undefined : script.adopt;
      }
      calls.push([type, ...Object.values(fields).map((value) => (value && typeof value === "object" ? JSON.stringify(value) : value))].join(" "));
      const effects = script[type];
      return typeof effects === "function" ? effects(fields) : (effects ?? (type === "events" ? [deliver(fields.ids)] : undefined));
    },
    drop: () => calls.push("drop"),
  };
  const loader = {
    hurried: 0,
    wait(waiter) {
      waiters.push(waiter);
      return () => waiters.splice(waiters.indexOf(waiter), 1);
    },
    hurry() {
      this.hurried++;
    },
  };
  /** The engine is there. */
  const load = () => waiters.shift().ready(engine);
  const driver = new Driver(
    {
      url: () => "ws://h/feed?own=1",
      status: ({ name, cause }) => log.push(cause ? `${name}: ${cause}` : name),
      deliver: (event) => log.push(`event ${event.id}`),
      paused: () => log.push(`cursor ${driver.cursor}`),
      lagChanged: () => log.push(`lag ${driver.lag}`),
      gap: (gap) => log.push(`gap ${gap.reason}`),
      rtt: (ms) => log.push(`rtt ${ms}`),
      control: () => {},
      unguarded: (reason) => log.push(reason ? `unguarded: ${reason}` : "guarded"),
      error: (error) => log.push(error.code),
      ...page,
    },
    { loader, ...driverSettings, after: "e-1", ...settings },
  );
  driver.start();
  if (guarded) {
    load();
    log.length = calls.length = 0;
  }
  return { driver, log, calls, sockets, load, loader, waiters, run, die: (text) => died(new WakesocketError("engine-failed", text)) };
}

export const dial = { type: "dial", generation: 1, after: "e-1", fresh: false, attempt: 0, previous: "" };
export const abandon = { type: "abandon", generation: 1, code: 4000, reason: "" };
export const deliver = (ids) => ({ type: "deliver", mask: "1".repeat(ids.length), held: 0, cursor: ids.at(-1) });
export const state = (name, generation = 0) => ({ type: "state", name, since: 0.4, attempt: 0, retryAt: -1, cause: "", generation });
export const live = state("live", 1);
