// @ts-check

/** The last minutes of some values, in columns as uPlot wants them; times in s. */
export class Series {
  /** @type {number[][]} the times, then one column a value */
  columns;
  #keep;

  /** @param {number} columns @param {number} keep in s */
  constructor(columns, keep) {
    this.columns = Array.from({ length: columns + 1 }, () => []);
    this.#keep = keep;
  }

  /** @param {number} at in s @param {readonly number[]} values */
  push(at, values) {
    const times = this.columns[0];
    // A server's clock that was set back rewrites its past: times only grow.
    while (times.length && times[times.length - 1] >= at) this.columns.forEach((c) => c.pop());
    times.push(at);
    values.forEach((value, i) => this.columns[i + 1].push(value));
    let old = 0;
    while (times[old] < at - this.#keep) old++;
    if (old) this.columns.forEach((c) => c.splice(0, old));
  }

  /** Newest value of a column. @param {number} column from 0 @returns {number | undefined} */
  newest(column) {
    return this.columns[column + 1].at(-1);
  }

  /** @param {number} column @returns {{low: number, high: number}} */
  range(column) {
    const values = this.columns[column + 1];
    return { low: Math.min(...values), high: Math.max(...values) };
  }
}
