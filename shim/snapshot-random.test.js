import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "./testing/snapshot-world.js";

/** Cuts, trims, restarts, bursts and all that a snapshot can do wrong, in random order; then calm. */
export function life(seed, options) {
  const world = new World(seed, options);
  const plain = (options?.spelling ?? "ours") !== "ours";
  world.start();
  const steps = [
    () => world.publish(),
    () => world.publish(),
    () => {
      for (let n = world.int(20); n >= 0; n--) world.publish();
    },
    () => world.cut(),
    () => world.chance(0.5) && !plain && world.trim(),
    () => world.chance(0.2) && !plain && world.restart(),
    () => world.chance(0.2) && world.reopen(),
    () => world.chance(0.2) && world.stream.request(),
    () => world.chance(0.2) && world.stream.hurry(),
    () => world.chance(0.1) && world.pass(12_000),
  ];
  for (let i = 0; i < 60; i++) {
    steps[world.int(steps.length)]();
    world.check();
    world.pass(world.int(400));
  }
  world.calm = true;
  world.publish();
  world.pass(120_000);
  world.publish();
  world.pass(5_000);
  assert.ok(world.live, `not live after two quiet minutes: ${JSON.stringify(world.failures.at(-1))}`);
  world.check();
  return world;
}

/** Runs lives of many seeds. */
export function lives(count, options) {
  const seen = { live: 0, gaps: 0, failures: 0, resumes: 0, reasons: new Set() };
  for (let seed = 1; seed <= count; seed++) {
    let world;
    try {
      world = life(seed, options);
    } catch (error) {
      error.message = `seed ${seed}: ${error.message}`;
      throw error;
    }
    seen.live += world.liveMoments;
    seen.gaps += world.gaps.length;
    seen.failures += world.failures.length;
    seen.resumes += world.resumes;
    for (const reason of world.reasons) seen.reasons.add(reason);
  }
  return seen;
}

const runs = Number(process.env.SNAPSHOT_RUNS ?? 1500);

for (const spelling of ["ours", "counter", "names"]) {
  test(`no wrong total is ever shown as live, ids like ${spelling}`, () => {
    const seen = lives(spelling === "ours" ? 2 * runs : runs, { spelling });
    // The lives must have had in them what they are for.
    assert.ok(seen.live > runs && seen.failures > runs / 2 && seen.resumes > runs / 10, JSON.stringify({ ...seen, reasons: [...seen.reasons] }));
    const wanted = spelling === "ours" ? ["start", "overflow", "request", "epoch", "trimmed"] : ["start", "overflow", "request"];
    for (const reason of wanted) assert.ok(seen.reasons.has(reason), `no snapshot because of ${reason}`);
  });
}
