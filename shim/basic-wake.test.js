// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { BasicSocket } from "./basic-socket.js";
import { afterWake } from "./basic-wake.js";

/** @param {"resolving" | "dialing" | "open"} phase that began at 1000 */
function socket(phase) {
  const k = new BasicSocket(1, "", false, 1_000);
  if (phase !== "resolving") k.enter(phase, 1_000);
  return k;
}

for (const [what, phase, wake, want] of /** @type {const} */ ([
  ["a sleep makes a dial again", "dialing", { slept: 1 }, "dial again"],
  ["an address is asked for again, too", "resolving", { slept: 1 }, "dial again"],
  ["a dial stays when only the page was shown", "dialing", {}, "keep"],
  ["a dial of a second ago is made again on another network", "dialing", { now: 2_000, moved: true }, "dial again"],
  ["a younger dial stays", "dialing", { now: 1_999, moved: true }, "keep"],
  ["an open socket is probed", "open", {}, "probe"],
  ["also after a short sleep", "open", { slept: 59_999 }, "probe"],
  ["a minute of sleep replaces it", "open", { slept: 60_000 }, "replace"],
  ["without pings there is no probe", "open", { heartbeat: 0 }, "keep"],
  ["and any sleep replaces it", "open", { heartbeat: 0, slept: 1 }, "replace"],
])) {
  test(what, () => {
    assert.equal(afterWake(socket(phase), { now: 9_000, slept: 0, moved: false, heartbeat: 25_000, ...wake }), want);
  });
}
