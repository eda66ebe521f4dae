// @ts-check
import { clock } from "./format.js";
import { colour } from "./theme.js";

/** @typedef {import("./ledger.js").Entry} Entry */
/** @typedef {import("./ledger.js").Who} Who */
/** @typedef {{at: number, label: string}} Mark something that was done to the connections, server's time */

const bucket = 500; // ms a column
const pitch = 6; // CSS pixels from cell to cell
const cell = 5;
const labels = 14; // room for the words below
/** An event that comes later than this was missed for a while. */
export const lateAfter = 1500;

/**
 * Draws one client's last minute or two: a cell for every event, where it belongs
 * in time, coloured by how it came.
 */
export class Strip {
  #canvas;
  #who;

  /** @param {HTMLCanvasElement} canvas @param {Who} who */
  constructor(canvas, who) {
    this.#canvas = canvas;
    this.#who = who;
  }

  /** How far back the strip reaches, in ms. */
  get reach() {
    return Math.floor(this.#canvas.clientWidth / pitch) * bucket;
  }

  /**
   * @param {import("./ledger.js").Ledger} ledger
   * @param {Entry[]} entries
   * @param {import("./clock.js").ServerClock} time
   * @param {readonly Mark[]} marks
   * @param {number} now here, epoch ms
   */
  draw(ledger, entries, time, marks, now) {
    const pen = this.#pen();
    const width = this.#canvas.clientWidth;
    const floor = this.#canvas.clientHeight - labels;
    const current = Math.floor(time.now(now) / bucket);
    /** @param {number} at */
    const x = (at) => width - pitch * (current - Math.floor(at / bucket) + 1);

    pen.fillStyle = colour("line");
    pen.fillRect(0, floor + 1, width, 1);
    this.#scale(pen, x, current, floor);

    /** @type {Map<number, number>} */
    const heights = new Map();
    const tally = { "on time": 0, late: 0, missing: 0 };
    for (const entry of entries) {
      const arrived = entry[this.#who];
      if (arrived === undefined && (!ledger.expects(this.#who, entry) || time.lag(entry.t, now) < lateAfter)) continue;
      const left = x(entry.t);
      const height = heights.get(left) ?? 0;
      const top = floor - pitch * (height + 1) + 1;
      heights.set(left, height + 1);
      if (left < 0 || top < 0) continue;
      if (arrived === undefined) {
        tally.missing++;
        pen.strokeStyle = colour("dead");
        pen.strokeRect(left + 0.5, top + 0.5, cell - 1, cell - 1);
        continue;
      }
      const late = time.lag(entry.t, arrived) >= lateAfter;
      tally[late ? "late" : "on time"]++;
      pen.fillStyle = colour(late ? "late" : "live");
      pen.fillRect(left, top, cell, cell);
    }
    this.#marks(pen, x, marks, floor);
    this.#describe(tally);
  }

  #pen() {
    const { clientWidth, clientHeight } = this.#canvas;
    const width = Math.round(clientWidth * devicePixelRatio);
    const height = Math.round(clientHeight * devicePixelRatio);
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    const pen = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext("2d"));
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.clearRect(0, 0, clientWidth, clientHeight);
    pen.font = "500 11px Geist, system-ui, sans-serif";
    pen.textBaseline = "alphabetic";
    return pen;
  }

  /**
   * A time every 20 s.
   * @param {CanvasRenderingContext2D} pen @param {(at: number) => number} x @param {number} current @param {number} floor
   */
  #scale(pen, x, current, floor) {
    pen.fillStyle = colour("soft");
    const step = 20_000;
    for (let at = Math.floor((current * bucket) / step) * step; x(at) >= 0; at -= step) {
      if (x(at) > this.#canvas.clientWidth - 44) continue;
      pen.fillRect(x(at), floor + 1, 1, 4);
      pen.fillText(clock(at), x(at) + 3, floor + 13);
    }
  }

  /** @param {CanvasRenderingContext2D} pen @param {(at: number) => number} x @param {readonly Mark[]} marks @param {number} floor */
  #marks(pen, x, marks, floor) {
    for (const { at, label } of marks) {
      const left = x(at) - 1;
      if (left < 0) continue;
      pen.fillStyle = colour("ink");
      pen.fillRect(left, 0, 1.5, floor + 1);
      const wide = pen.measureText(label).width + 6;
      const start = Math.min(left, this.#canvas.clientWidth - wide);
      pen.fillRect(start, 0, wide, 13);
      pen.fillStyle = colour("panel");
      pen.fillText(label, start + 3, 10);
    }
  }

  /** @param {Record<string, number>} tally */
  #describe(tally) {
    const parts = Object.entries(tally)
      .filter(([, n]) => n)
      .map(([name, n]) => `${n} ${name}`);
    const text = `Events of the last ${Math.round(this.reach / 1000)} seconds: ${parts.join(", ") || "none"}`;
    if (this.#canvas.ariaLabel !== text) this.#canvas.ariaLabel = text;
  }
}
