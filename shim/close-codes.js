// @ts-check
// Close codes and what they ask for; see wasm/wire/close.go.

export const abnormal = 1006;
export const tryLater = 1013;
export const unauthorized = 4401;
export const tooMany = 4429;

const longestAdvice = 600_000;

/**
 * Whether a close code says that trying again cannot help.
 * @param {number} code
 */
export function isPermanent(code) {
  if ([1002, 1003, 1007, 1008, 1010].includes(code)) return true;
  return code >= 4400 && code <= 4499 && code !== unauthorized && code !== tooMany;
}

/**
 * After how many milliseconds the reason of a close frame asks to come back;
 * undefined when it does not.
 * @param {string} reason
 */
export function adviceIn(reason) {
  const digits = /^retry=(\d+)(?: |$)/.exec(reason)?.[1];
  // As in Go, a number that fits into no integer is no advice.
  if (digits === undefined || BigInt(digits) > 2n ** 63n - 1n) return undefined;
  return Math.min(Number(digits), longestAdvice);
}

/**
 * The end of a socket as a sentence.
 * @param {number} code
 * @param {string} reason
 */
export function refusal(code, reason) {
  return `the server closed with code ${code}${reason && `: ${reason}`}`;
}
