// @ts-check
import { Queue } from "./queue.js";

/** How much a tab is sent before it acknowledges, in characters of JSON. */
const most = 256 * 1024;

/** The batches that a tab was sent and has not acknowledged. */
export class Window {
  #last = 0;
  #size = 0;
  /** @type {Queue<{batch: number, size: number}>} */
  #sent = new Queue();

  /** Whether the tab has so much to do that it gets nothing more. */
  get full() {
    return this.#size >= most;
  }

  /**
   * @param {number} size
   * @returns {number} the number of the batch
   */
  send(size) {
    this.#size += size;
    this.#sent.push({ batch: ++this.#last, size });
    return this.#last;
  }

  /** @param {number} batch the tab has this one, and those before */
  acknowledge(batch) {
    for (let first; (first = this.#sent.first()) && first.batch <= batch; this.#sent.shift()) this.#size -= first.size;
  }
}
