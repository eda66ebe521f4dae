// @ts-check
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { BasicSession } from "./basic-session.js";

// Whatever these stories tell, the sessions of the engine and of a page without one do
// alike; wasm/session/stories_test.go reads them, too.
const stories = JSON.parse(readFileSync(new URL("../wasm/session/testdata/stories.json", import.meta.url), "utf8"));

const wallStart = 1_800_000_000_000;
const zero = { contents: [], reason: "", hopeless: false, resumed: false, live: false, heartbeat: 0, firstRetryWindow: 0, gap: null };

/**
 * An effect as the stories write it; "" for those that the two sessions have on their own.
 * @param {import("./boundary.gen.js").Effect} e
 * @param {number} wall
 */
function tell(e, wall) {
  switch (e.type) {
    case "dial":
      return `dial ${e.generation} after=${e.after} fresh=${e.fresh} attempt=${e.attempt} previous=${e.previous}`;
    case "abandon":
      return `abandon ${e.generation} ${e.code} ${e.reason}`;
    case "ping":
      return `ping ${e.generation}`;
    case "deliver":
      return `deliver ${e.mask} held=${e.held} cursor=${e.cursor}`;
    case "release":
      return `release ${e.mask} cursor=${e.cursor}`;
    case "moved":
      return `moved ${e.cursor}`;
    case "gap":
      return `gap after=${e.after} earliest=${e.earliest} ${e.reason}`;
    case "state":
      return `${e.name} since=${e.since - wallStart} attempt=${e.attempt} retry=${e.retryAt < 0 ? "never" : e.retryAt - wall} ${e.cause}`;
    default:
      return "";
  }
}

for (const { name, options, steps, effects } of stories) {
  test(name, () => {
    const session = new BasicSession({ visible: true, online: true, ...options }, () => 0.5);
    /** @type {string[]} */
    const got = [];
    let now = 0;
    let timer = -1;
    const step = (/** @type {any} */ input) => {
      for (const effect of session.step(input, now, wallStart + now)) {
        if (effect.type === "timer") timer = effect.at;
        const text = tell(effect, wallStart + now);
        if (text) got.push(`${now} ${text}`);
      }
    };
    for (const { at, input } of steps) {
      for (let ticks = 0; timer >= 0 && timer <= at; ticks++) {
        assert.ok(ticks < 10_000, "the session ticks without end");
        now = Math.max(now, timer);
        timer = -1;
        step({ type: "tick" });
      }
      now = at;
      if (input) step({ ...zero, ...input });
    }
    assert.deepEqual(got, effects);
  });
}
