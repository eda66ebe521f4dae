// @ts-check
import { span } from "./format.js";

/** @typedef {import("../dist/shim.js").State} State */

/** @type {Record<string, string>} */
const causes = {
  closed: "the server closed the connection",
  reset: "the connection broke",
  silence: "the server went silent",
  sleep: "the machine or this page was asleep",
  wake: "somebody came back to the page",
  network: "the network changed",
  user: "a new connection was asked for",
};

/** @param {string} cause */
const because = (cause) => causes[cause] ?? cause;

/** What a state means for somebody who looks at the page. @param {State} state @param {number} now */
export function sentence(state, now) {
  const { name, cause, attempt } = state;
  const retryAt = "retryAt" in state ? state.retryAt : null;
  const why = cause ? `: ${because(cause)}` : "";
  const nth = attempt > 0 ? `, try ${attempt + 1}` : "";
  switch (name) {
    case "connecting":
      return attempt ? `Not connected${why}${nth}.` : "Connecting.";
    case "live":
      return "Live.";
    case "checking":
      return `In doubt${why}. Testing the line before anything is torn down.`;
    case "reconnecting":
      if (!cause && retryAt === null) return "Catching up.";
      if (retryAt !== null) return `Lost${why}. Dialing in ${span(retryAt - now)}${nth}.`;
      return `Lost${why}. Dialing${nth}.`;
    case "offline":
      return "The browser sees no network. Waiting for it.";
    case "stopped":
      return "Closed by this page.";
    case "failed":
      return `Gave up${why}.`;
  }
}

/** @type {Record<string, string>} */
const gaps = {
  trimmed: "the server no longer keeps events that old",
  epoch: "the server began a new log, the old one is gone",
  future: "the server's log ends before what this page has seen",
  invalid: "the server does not know where this page was",
};

/** @param {{after: string, earliest: string, reason: string}} gap */
export function gapSentence({ after, earliest, reason }) {
  const from = earliest ? ` It goes on from ${earliest}.` : "";
  return `Events after ${after} are gone for good: ${gaps[reason] ?? reason}.${from}`;
}

/** @type {Record<number, string>} */
const codes = {
  1000: "in order",
  1001: "the server is going away",
  1006: "broken, without a close frame",
  1012: "the server restarts",
  1013: "the server asks to come later",
};

/** @param {number} code of a close event */
export const closeSentence = (code) => `Closed, ${codes[code] ?? "refused"} (${code}). Dialing again in 1 s.`;
