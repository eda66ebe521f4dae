// @ts-check
import { span } from "./format.js";

/** @typedef {import("./board.js").Board} Board */

/** Of a row, in pixels; the style sheet says the same. */
const rowHeight = 32;
/** Rows above and below those in sight, so that a scroll finds them filled. */
const margin = 6;
/** A price older than this is old. It may change twice a second, and is sent four times a second at most. */
export const oldAfter = 2000;

/** A table of many rows, of which only those in sight and a few more exist. */
export class PriceTable {
  #scroller;
  #names;
  #body;
  #above = space();
  #below = space();
  /** @type {Map<string, HTMLTableRowElement>} */
  #rows = new Map();

  /** @param {HTMLElement} scroller @param {string[]} names */
  constructor(scroller, names) {
    this.#scroller = scroller;
    this.#names = names;
    this.#body = /** @type {HTMLTableSectionElement} */ (scroller.querySelector("tbody"));
    /** @type {HTMLTableElement} */ (scroller.querySelector("table")).setAttribute("aria-rowcount", String(names.length + 2));
    this.#body.append(this.#above, this.#below);
  }

  /** The names that have a row. */
  get names() {
    return [...this.#rows.keys()];
  }

  /** The names whose rows are in sight. */
  get inSight() {
    return this.#names.slice(...this.#range(0));
  }

  /** Makes the rows that the place of the scroll bar needs, and drops the others. */
  place() {
    const [from, to] = this.#range(margin);
    const wanted = this.#names.slice(from, to);
    const kept = new Set(wanted);
    for (const [name, row] of this.#rows) {
      if (kept.has(name)) continue;
      row.remove();
      this.#rows.delete(name);
    }
    let before = this.#above;
    for (const [i, name] of wanted.entries()) {
      const row = this.#rows.get(name) ?? newRow(name, from + i);
      this.#rows.set(name, row);
      if (before.nextElementSibling !== row) before.after(row);
      before = row;
    }
    this.#above.style.height = `${from * rowHeight}px`;
    this.#below.style.height = `${(this.#names.length - to) * rowHeight}px`;
  }

  /** @param {Board} ours @param {Board} plain @param {number} now */
  draw(ours, plain, now) {
    for (const [name, row] of this.#rows) {
      this.#fill(row.cells[1], row.cells[2], ours.get(name), now);
      this.#fill(row.cells[3], row.cells[4], plain.get(name), now);
    }
  }

  /** @param {HTMLTableCellElement} price @param {HTMLTableCellElement} age @param {import("./board.js").Shown | undefined} shown @param {number} now */
  #fill(price, age, shown, now) {
    write(price, shown ? shown.price.toFixed(2) : "–");
    write(age, shown ? span(now - shown.time) : "–");
    const old = String(shown !== undefined && now - shown.time > oldAfter);
    if (age.dataset.old !== old) age.dataset.old = old;
  }

  /** @param {number} more rows at both ends @returns {[number, number]} */
  #range(more) {
    const head = /** @type {HTMLElement} */ (this.#scroller.querySelector("thead")).offsetHeight;
    const first = Math.floor(this.#scroller.scrollTop / rowHeight);
    const count = Math.ceil((this.#scroller.clientHeight - head) / rowHeight);
    return [Math.max(0, first - more), Math.min(this.#names.length, first + count + more)];
  }
}

/** @param {Element} cell @param {string} text */
function write(cell, text) {
  if (cell.textContent !== text) cell.textContent = text;
}

/** The room of the rows that do not exist. */
function space() {
  const row = document.createElement("tr");
  row.className = "space";
  row.setAttribute("aria-hidden", "true");
  row.insertCell().colSpan = 5;
  return row;
}

/** @param {string} name @param {number} index from 0 */
function newRow(name, index) {
  const row = document.createElement("tr");
  row.setAttribute("aria-rowindex", String(index + 3)); // after the two of the head
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = name;
  row.append(head);
  for (let i = 0; i < 4; i++) row.insertCell();
  return row;
}
