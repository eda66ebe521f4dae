// @ts-check
import { WakesocketError } from "./error.js";

/** Epoch ms of 1973. A smaller number counts seconds, or something else. */
const minTime = 1e11;

/**
 * When an event was published, in epoch ms; undefined when it does not say.
 * @param {Record<string, any>} event
 * @param {string} field where it says so, with dots into nested objects: "data.time"
 * @returns {number | undefined}
 * @throws {WakesocketError} "time-invalid" when what it says is no time
 */
export function eventTime(event, field) {
  let value = /** @type {any} */ (event);
  for (const name of field.split(".")) value = value?.[name];
  if (value === undefined || value === null) return undefined;
  const time = typeof value === "string" ? Date.parse(value) : value;
  if (typeof time === "number" && time >= minTime) return time;
  throw new WakesocketError(
    "time-invalid",
    `the time of an event must be epoch milliseconds or an ISO 8601 string; "${field}" holds ${JSON.stringify(value)}. The age of this event counts from its arrival`,
  );
}
