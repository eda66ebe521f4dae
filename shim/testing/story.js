// @ts-check
import assert from "node:assert/strict";
import { BasicSession } from "../basic-session.js";

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

/**
 * Lets a basic session live through inputs, each at its time in ms, or at a time
 * alone, up to which ticks come. `sleep` moves the wall clock, as a sleep does.
 * @param {{at: number, input?: any, sleep?: number}[]} steps
 * @param {object} [options]
 * @param {object} [before]
 * @returns {{lines: string[], session: BasicSession}}
 */
export function play(steps, options, before) {
  const session = new BasicSession({ visible: true, online: true, ...options }, () => 0.5, before);
  /** @type {string[]} */
  const lines = [];
  let now = 0;
  let slept = 0;
  let timer = -1;
  const step = (/** @type {any} */ input) => {
    const wall = wallStart + now + slept;
    for (const effect of session.step(input, now, wall)) {
      if (effect.type === "timer") timer = effect.at;
      const text = tell(effect, wall);
      if (text) lines.push(`${now} ${text}`);
    }
  };
  for (const { at, input, sleep } of steps) {
    for (let ticks = 0; timer >= 0 && timer <= at; ticks++) {
      assert.ok(ticks < 10_000, "the session ticks without end");
      now = Math.max(now, timer);
      timer = -1;
      step({ type: "tick" });
    }
    now = at;
    slept += sleep ?? 0;
    if (input) step({ ...zero, ...input });
  }
  return { lines, session };
}
