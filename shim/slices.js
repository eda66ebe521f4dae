// @ts-check
import { reportThrown } from "./error.js";
import { macrotask } from "./macrotask.js";

/** How long one task of ours may take before the browser gets its turn, in milliseconds: half a frame. */
const sliceTime = 8;
/** The same where the browser takes long for its turn: work that never got half of the time would pile up. */
const longestSlice = 32;

/**
 * Work that can be done in pieces. It goes on until nothing is left or
 * performance.now() has reached the deadline, does at least one piece, and
 * returns whether something is left.
 * @typedef {(deadline: number) => boolean} Job
 */

/** @type {Set<Job>} */
const jobs = new Set();
let posted = false;
/** When the last task ended with work left; Infinity when none was. */
let paused = Infinity;

/**
 * Does a job soon, in tasks that leave the browser time to render. All feeds of
 * a page share these tasks.
 * @param {Job} job
 */
export function schedule(job) {
  jobs.add(job);
  post();
}

function post() {
  if (posted) return;
  posted = true;
  macrotask(run);
}

function run() {
  const begun = performance.now();
  const deadline = begun + Math.min(Math.max(sliceTime, begun - paused), longestSlice);
  for (const job of [...jobs]) {
    let more = false;
    try {
      more = job(deadline);
    } catch (thrown) {
      reportThrown(thrown);
    }
    jobs.delete(job);
    if (more) jobs.add(job); // after the others, so that each gets its turn
    if (performance.now() >= deadline) break;
  }
  posted = false;
  paused = jobs.size > 0 ? performance.now() : Infinity;
  if (jobs.size > 0) post();
}
