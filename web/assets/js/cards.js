// @ts-check
import { Chart, reach } from "./chart.js";
import { bytes, clock, percent, rate, span } from "./format.js";
import { Series } from "./series.js";

/**
 * A line of a card's chart, and its reading above the chart.
 * @typedef {import("./chart.js").Line & {name: string}} Quantity
 */
/**
 * What a card shows of a topic's values.
 * @typedef {object} Design
 * @property {string} title
 * @property {Quantity[]} quantities
 * @property {(value: any) => number[]} read one number a quantity
 * @property {(n: number) => string} write
 * @property {(n: number) => string} [axis] as write, but for the scale
 * @property {(value: any) => string} [note] beside the title
 * @property {number} [top]
 * @property {number} [least]
 */

/** @type {Record<string, Design>} */
const designs = {
  mem: {
    title: "Memory",
    quantities: [
      { name: "in use", colour: "b", fill: true },
      { name: "swap", colour: "d" },
    ],
    read: (v) => [(100 * v.used) / v.total, v.swapTotal ? (100 * v.swapUsed) / v.swapTotal : 0],
    write: percent,
    note: (v) => `${bytes(v.used)} of ${bytes(v.total)}`,
    top: 100,
  },
  load: {
    title: "Load",
    quantities: [
      { name: "1 min", colour: "c", fill: true },
      { name: "5 min", colour: "d" },
      { name: "15 min", colour: "soft" },
    ],
    read: (v) => [v.one, v.five, v.fifteen],
    write: (n) => n.toFixed(2),
    axis: (n) => n.toFixed(1),
  },
  net: {
    title: "Network",
    quantities: [
      { name: "in", colour: "a", fill: true },
      { name: "out", colour: "b" },
    ],
    read: (v) => [v.in, v.out],
    write: rate,
    note: (v) => v.names.join(", "),
    least: 1000,
  },
  disk: {
    title: "Disk",
    quantities: [
      { name: "read", colour: "a" },
      { name: "write", colour: "c", fill: true },
    ],
    read: (v) => [v.read, v.write],
    write: rate,
    note: (v) => v.names.join(", "),
    least: 1000,
  },
};

/** @param {number} cores @returns {Design} */
const cpuDesign = (cores) => ({
  title: "CPU",
  quantities: [
    { name: "all cores", colour: "a", fill: true, width: 2.25 },
    // A line a core says something as long as one can tell them apart.
    ...Array.from({ length: cores <= 8 ? cores : 0 }, (_, i) => ({ name: `core ${i}`, colour: "core", width: 1 })),
  ],
  read: (v) => [v.total, ...(cores <= 8 ? v.cores : [])],
  write: percent,
  note: (v) => `${v.cores.length} ${v.cores.length === 1 ? "core" : "cores"}`,
  top: 100,
});

/** @param {string} tag @param {string} name @param {string} [text] */
function make(tag, name, text = "") {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text;
  return element;
}

/** One topic: its readings, its chart, and the same in words. */
class Card {
  element = make("article", "card");
  #design;
  #series;
  #note = make("span", "quiet");
  #readings;
  #words = make("p", "sr");
  #absent = make("p", "absent");
  #plot = make("div", "plot");
  /** @type {Chart | undefined} */
  #chart;
  #spoken = 0;
  #fact = "";
  /** The point under the mouse. @type {number | null} */
  #index = null;

  #age = make("p", "age");

  /** @param {string} topic @param {Design} design @param {{wide?: boolean}} [look] */
  constructor(topic, design, { wide = false } = {}) {
    this.#design = design;
    this.#series = new Series(design.quantities.length, reach + 5);
    this.element.dataset.stale = topic;
    this.element.classList.toggle("wide", wide);
    const title = make("h3", "", `${design.title} `);
    title.append(this.#note);
    const head = document.createElement("header");
    this.#readings = design.quantities.map(({ name, colour }) => {
      const reading = make("p", "reading");
      const swatch = make("i", "");
      swatch.style.setProperty("--series", `var(--${colour})`);
      const value = make("b", "", "–");
      reading.append(swatch, name, value);
      return { reading, value };
    });
    // Cores have bars of their own below.
    const shown = wide ? this.#readings.slice(0, 1) : this.#readings;
    const readings = make("div", "readings");
    readings.append(...shown.map((r) => r.reading));
    head.append(title, readings);
    this.#absent.hidden = true;
    this.#plot.setAttribute("aria-hidden", "true");
    this.#age.setAttribute("aria-hidden", "true"); // the badge tells a screen reader
    this.element.append(head, this.#plot, this.#absent, this.#words, this.#age);
  }

  /** @param {{t: number, value?: any, error?: string}} data */
  push(data) {
    this.#absent.hidden = data.error === undefined;
    this.#plot.hidden = data.error !== undefined;
    if (data.error !== undefined) {
      this.#absent.textContent = `This machine does not tell: ${data.error}`;
      return;
    }
    this.#series.push(data.t / 1000, this.#design.read(data.value));
    this.#fact = this.#design.note?.(data.value) ?? "";
  }

  /** @param {number} now the server's clock, in s */
  draw(now) {
    const { write, axis = write, quantities: lines, top, least } = this.#design;
    this.#chart ??= new Chart(this.#plot, this.#series, {
      lines,
      top,
      least,
      label: axis,
      height: this.element.classList.contains("wide") ? 210 : 150,
      onCursor: (index) => {
        this.#index = index;
        this.#show();
      },
    });
    this.#chart.draw(now);
    this.#show();
    if (now - this.#spoken > 5) {
      this.#spoken = now;
      this.#words.textContent = this.#describe();
    }
  }

  /** @param {number | null} ms of its newest reading, null before the first */
  showAge(ms) {
    const text = ms === null ? "stale" : `${span(ms)} old`;
    if (this.#age.textContent !== text) this.#age.textContent = text;
  }

  #show() {
    const [times] = this.#series.columns;
    const at = this.#index === null ? undefined : times[this.#index];
    const note = at === undefined ? this.#fact : `at ${clock(at * 1000)}`;
    if (this.#note.textContent !== note) this.#note.textContent = note;
    this.#readings.forEach(({ value }, i) => {
      const n = at === undefined ? this.#series.newest(i) : this.#series.columns[i + 1][this.#index ?? 0];
      const text = n === undefined ? "–" : this.#design.write(n);
      if (value.textContent !== text) value.textContent = text;
    });
  }

  #describe() {
    const newest = this.#series.newest(0);
    if (newest === undefined) return "No reading yet.";
    const { quantities, write } = this.#design;
    return quantities
      .map(({ name }, i) => {
        const { low, high } = this.#series.range(i);
        return `${name}: ${write(this.#series.newest(i) ?? 0)}, between ${write(low)} and ${write(high)} in the last two minutes`;
      })
      .join("; ");
  }
}

/** A bar for each core. */
class Cores {
  element = make("ol", "cores");
  /** @type {{bar: HTMLElement, text: HTMLElement}[]} */
  #bars = [];

  /** @param {number[]} cores in percent */
  show(cores) {
    if (this.#bars.length !== cores.length) {
      this.#bars = cores.map(() => ({ bar: make("i", ""), text: make("b", "") }));
      this.element.replaceChildren(
        ...this.#bars.map(({ bar, text }, i) => {
          const item = document.createElement("li");
          const line = make("span", "line", `core ${i} `);
          line.append(text);
          const rail = make("span", "bar");
          rail.append(bar);
          item.append(line, rail);
          return item;
        }),
      );
    }
    cores.forEach((n, i) => {
      this.#bars[i].bar.style.setProperty("--part", String(n / 100));
      this.#bars[i].text.textContent = percent(n);
    });
  }
}

/** All cards; they appear in this order whatever arrives first. */
export class Cards {
  #place;
  /** @type {Map<string, Card>} */
  #cards = new Map();
  #cores = new Cores();

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#place = place;
    for (const [topic, design] of Object.entries(designs)) {
      const card = new Card(topic, design);
      this.#cards.set(topic, card);
      place.append(card.element);
    }
  }

  /** @param {string} topic @param {any} data */
  push(topic, data) {
    if (topic === "cpu" && data.value) {
      if (!this.#cards.has("cpu")) {
        const card = new Card("cpu", cpuDesign(data.value.cores.length), { wide: true });
        this.#cards.set("cpu", card);
        card.element.append(this.#cores.element);
        this.#place.prepend(card.element);
      }
      this.#cores.show(data.value.cores);
    }
    this.#cards.get(topic)?.push(data);
  }

  /** @param {number} now the server's clock, in s */
  draw(now) {
    for (const card of this.#cards.values()) card.draw(now);
  }

  /** @param {(topic: string) => number | null} ageOf in ms */
  showAges(ageOf) {
    for (const [topic, card] of this.#cards) card.showAge(ageOf(topic));
  }
}
