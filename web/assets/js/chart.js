// @ts-check
import uPlot from "../vendor/uplot/uPlot.esm.js";
import { clock } from "./format.js";
import { colour, hatch, onTheme } from "./theme.js";

/**
 * @typedef {object} Line
 * @property {string} colour name in the style sheet
 * @property {boolean} [fill] an area down to 0
 * @property {number} [width]
 */
/**
 * @typedef {object} ChartOptions
 * @property {Line[]} lines one for each column of the series
 * @property {number} [top] fixed upper end of the scale
 * @property {number} [least] the scale reaches at least up to here
 * @property {number} height CSS pixels
 * @property {(value: number) => string} label of the y axis
 * @property {(index: number | null) => void} onCursor the point under the mouse
 */

/** The time that every chart shows, in s. */
export const reach = 120;

const together = uPlot.sync("time");

/** A chart of the last two minutes that moves with the clock, data or no data. */
export class Chart {
  #plot;
  #series;
  #options;
  #now = 0;

  /**
   * @param {HTMLElement} place
   * @param {import("./series.js").Series} series
   * @param {ChartOptions} options
   */
  constructor(place, series, options) {
    this.#series = series;
    this.#options = options;
    this.#plot = new uPlot(this.#setup(place.clientWidth), this.#data(), place);
    new ResizeObserver(() => this.#plot.setSize({ width: place.clientWidth, height: options.height })).observe(place);
    onTheme(() => this.#plot.redraw());
  }

  /** @param {number} now the server's clock, in s */
  draw(now) {
    this.#now = now;
    this.#plot.setData(this.#data());
  }

  #data() {
    return /** @type {uPlot.AlignedData} */ (this.#series.columns);
  }

  /** @param {number} width @returns {uPlot.Options} */
  #setup(width) {
    const { lines, top, least = 1, height, label, onCursor } = this.#options;
    const axis = {
      stroke: () => colour("soft"),
      font: "11px Geist, system-ui, sans-serif",
      grid: { stroke: () => colour("grid"), width: 1 },
      ticks: { show: false },
    };
    return {
      width,
      height,
      padding: [10, 0, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false }, sync: { key: together.key } },
      scales: {
        x: { time: true, range: () => [this.#now - reach, this.#now] },
        y: { range: (_, __, high) => [0, top ?? Math.max(least, (high ?? 0) * 1.15)] },
      },
      axes: [
        { ...axis, size: 24, gap: 4, space: 90, values: (_, at) => at.map((s) => clock(s * 1000)) },
        { ...axis, size: 58, gap: 6, space: 34, values: (_, ys) => ys.map(label) },
      ],
      series: [
        {},
        ...lines.map((line) => ({
          stroke: () => colour(line.colour),
          fill: line.fill ? () => `color-mix(in srgb, ${colour(line.colour)} 16%, transparent)` : undefined,
          width: line.width ?? 1.75,
          points: { show: false },
        })),
      ],
      hooks: {
        drawClear: [(plot) => this.#unknown(plot)],
        setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)],
      },
    };
  }

  /** Hatches what no reading covers yet. @param {uPlot} plot */
  #unknown(plot) {
    const last = this.#series.columns[0].at(-1) ?? this.#now - reach;
    if (this.#now - last < 2.5) return;
    const { left, top, width, height } = plot.bbox;
    const from = Math.max(left, plot.valToPos(last, "x", true));
    plot.ctx.fillStyle = hatch(plot.ctx);
    plot.ctx.fillRect(from, top, left + width - from, height);
  }
}
