// @ts-check
import { reportThrown } from "./error.js";
import { macrotask } from "./macrotask.js";

/** How long one task of ours may take before the browser gets its turn, in milliseconds: half a frame. */
const sliceTime = 8;

/**
 * Work that can be done in pieces. It goes on until nothing is left or
 * performance.now() has reached the deadline, does at least one piece, and
 * returns whether something is left.
 * @typedef {(deadline: number) => boolean} Job
 */

/** @type {Set<Job>} */
const jobs = new Set();
let posted = false;

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
  posted = false;
  const deadline = performance.now() + sliceTime;
  for (const job of [...jobs]) {
    jobs.delete(job);
    try {
      if (job(deadline)) jobs.add(job); // behind the others, so that each gets its turn
    } catch (thrown) {
      reportThrown(thrown);
    }
    if (performance.now() >= deadline) break;
  }
  if (jobs.size > 0) post();
}
