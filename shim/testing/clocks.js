// @ts-check
// Virtual time for tests: both clocks of a page, and its timers.

/**
 * @param {import("node:test").TestContext} t
 * @param {number} [wall] epoch ms at the beginning
 */
export function clocks(t, wall = 1_800_000_000_000) {
  let mono = 10_000;
  let ahead = 0;
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  t.mock.method(performance, "now", () => mono);
  t.mock.method(Date, "now", () => wall + mono - 10_000 + ahead);
  return {
    /**
     * @param {number} ms of both clocks; timers fire on the way
     * @param {number} [most] how late they may be
     */
    pass(ms, most = 10) {
      for (let left = ms; left > 0; ) {
        const step = Math.min(left, most);
        mono += step;
        left -= step;
        t.mock.timers.tick(step);
      }
    },
    /** @param {number} ms by which the wall clock is set ahead, or back */
    setWall(ms) {
      ahead += ms;
    },
  };
}
