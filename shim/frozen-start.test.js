import "./testing/wasm-exec.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { random } from "./testing/random.js";

const { FrozenWorld } = await import("./testing/frozen-world.js");

/** How long a page that has woken on a network that works may take until it is live, in milliseconds: a dial that hangs, and a wait. */
const soon = 12_000;

test("a page that freezes while the engine loads gets all events, and is live soon after it woke", async (t) => {
  for (let seed = 1; seed <= 60; seed++) {
    const rand = random(seed);
    const pick = (list) => list[Math.floor(rand() * list.length)];
    const w = new FrozenWorld(t, rand);
    const story = [];
    const acts = {
      freeze: () => w.freeze(),
      thaw: () => w.thaw(),
      publish: () => w.publish(1 + Math.floor(rand() * 4)),
      pass: () => w.pass(pick([20, 300, 2_000, 9_000, 40_000])),
      cut: () => w.cut(rand() < 0.7),
      load: () => w.load(rand() < 0.7),
      hide: () => !w.frozen && w.driver.visible(false),
      show: () => !w.frozen && w.driver.visible(true),
      away: () => !w.frozen && w.driver.away(),
      network: () => !w.frozen && w.driver.wake("network"),
    };
    for (let i = 0; i < 30; i++) {
      const act = pick(Object.keys(acts));
      story.push(act);
      await acts[act]();
    }
    w.publish(1);
    if (rand() < 0.5) w.freeze();
    await w.pass(pick([200, 1_500, 4_000, 20_000]));
    w.cut(rand() < 0.5);
    await w.thaw();
    w.driver.visible(true);
    const woke = w.timers.mono;
    while (!w.live && w.timers.mono < woke + 300_000) await w.pass(100);
    const took = w.timers.mono - woke;
    const detail = `seed ${seed}: ${w.name} ${w.got.length}/${w.log} ${w.gaps} ${w.errors.at(-1)} ${story.join(" ")}`;
    assert.deepEqual(
      w.got,
      Array.from({ length: w.log }, (_, i) => i + 1),
      detail,
    );
    assert.deepEqual(w.gaps, [], detail);
    assert.ok(took <= soon, `${detail}: live after ${took} ms`);
    for (let i = 0; i < 200 && !w.guarded; i++) {
      w.load();
      await w.pass(1_000);
    }
    assert.ok(w.guarded, `${detail}: the engine is not asked for`);
    w.driver.stop();
    t.mock.reset();
  }
});
