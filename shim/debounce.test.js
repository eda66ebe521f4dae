import assert from "node:assert/strict";
import { test } from "node:test";
import { debounceLoss } from "./debounce.js";

test("live is shown at once, its loss only if it lasts", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const shown = [];
  const show = debounceLoss((name) => shown.push(name));
  show("connecting");
  show("live");
  show("checking");
  t.mock.timers.tick(399);
  show("live");
  t.mock.timers.tick(1000);
  assert.deepEqual(shown, ["connecting", "live"]);

  show("checking");
  t.mock.timers.tick(200);
  show("reconnecting");
  t.mock.timers.tick(199);
  assert.deepEqual(shown, ["connecting", "live"]);
  t.mock.timers.tick(1);
  assert.deepEqual(shown, ["connecting", "live", "reconnecting"]);
  show("offline");
  show("live");
  assert.deepEqual(shown.slice(3), ["offline", "live"]);
});

test("what is known for sure is shown at once", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const shown = [];
  const show = debounceLoss((name) => shown.push(name));
  show("live");
  show("stale");
  show("live");
  show("checking");
  t.mock.timers.tick(200);
  show("stale");
  t.mock.timers.tick(400);
  show("stale");
  show("lost");
  assert.deepEqual(shown, ["live", "stale", "live", "stale", "lost"]);
});
