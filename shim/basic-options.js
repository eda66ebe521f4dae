// @ts-check
import { defaults, durations } from "./boundary.gen.js";

/** No duration is shorter, in milliseconds, and only some may be 0; see wasm/session/options.go. */
export const shortest = 50;
const mayBeZero = new Set(["heartbeat", "minUptime", "firstRetryWindow"]);

/**
 * The options of a basic session. The engine refuses what is out of range; until
 * it is there, it must do no harm.
 * @param {import("./boundary.gen.js").SessionOptions} given
 */
export function basicOptions(given) {
  const options = { ...defaults, ...given };
  for (const name of durations) {
    if (options[name] > 0 || !mayBeZero.has(name)) options[name] = Math.max(options[name], shortest);
  }
  return options;
}
