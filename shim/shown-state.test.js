import assert from "node:assert/strict";
import { test } from "node:test";
import { ShownState } from "./shown-state.js";

/** A state whose page has events that wait, until deliver() is called. */
function setup(t) {
  t.mock.timers.enable({ apis: ["Date"], now: 1000 });
  const log = [];
  const waiting = [];
  const shown = new ShownState(
    ({ name, since, attempt, retryAt, cause }) => log.push([name, since, attempt, retryAt, cause].join(" ")),
    (call) => waiting.push(call),
  );
  const deliver = () => waiting.splice(0).forEach((call) => call());
  const session = (name, cause = "") => shown.set({ name, since: 5, attempt: 0, retryAt: null, cause });
  return { shown, log, deliver, session };
}

test("live waits for the events before it, and a loss does not", (t) => {
  const { log, deliver, session } = setup(t);
  session("live");
  assert.deepEqual(log, []);
  deliver();
  assert.deepEqual(log, ["live 5 0  "]);
  session("checking", "silence");
  assert.deepEqual(log.slice(1), ["checking 5 0  silence"]);
});

test("a live that was overtaken by a loss is not shown", (t) => {
  const { log, deliver, session } = setup(t);
  session("live");
  session("checking", "silence");
  deliver();
  assert.deepEqual(log, ["checking 5 0  silence"]);
});

test("what no session knows is shown when it is news", (t) => {
  const { shown, log } = setup(t);
  shown.outside("connecting");
  assert.deepEqual(log, []);
  shown.outside("failed", "why");
  shown.outside("failed", "why");
  shown.outside("failed", "another reason");
  shown.outside("stopped");
  assert.deepEqual(log, ["failed 1000 0  why", "failed 1000 0  another reason", "stopped 1000 0  "]);
});

test("a connection that is live or checked has brought all there was, also before that is shown", (t) => {
  const { shown, session } = setup(t);
  const connected = ["connecting", "live", "checking", "reconnecting"].map((name) => {
    session(name);
    return shown.connected;
  });
  assert.deepEqual(connected, [false, true, true, false]);
});
