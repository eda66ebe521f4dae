// @ts-check

/** @typedef {"ours" | "plain"} Who */
/**
 * An event that at least one client has.
 * @typedef {object} Entry
 * @property {string} run the server process that counts n
 * @property {number} n
 * @property {number} t when the server read it, epoch ms of the server
 * @property {number} [ours] when it arrived here, epoch ms; absent while it has not
 * @property {number} [plain]
 */
/**
 * What one client got of one server process's numbers.
 * @typedef {{first: number, last: number, unique: number}} Range
 */

const kept = 4000;
/** An event that another client has had for so long, in ms, is missing and not only slow. */
const slowAfter = 1500;

/**
 * Which of the server's numbered events reached which client, and when. The
 * server counts without holes, so a hole is a loss.
 */
export class Ledger {
  /** @type {Map<string, Entry>} in the order of arrival */
  #entries = new Map();
  /** @type {Record<Who, {ranges: Map<string, Range>, twice: number}>} */
  #clients = { ours: { ranges: new Map(), twice: 0 }, plain: { ranges: new Map(), twice: 0 } };

  /**
   * @param {Who} who
   * @param {{run: string, n: number, t: number}} data
   * @param {number} now
   * @returns {boolean} false when this client has had it before
   */
  note(who, data, now) {
    const key = `${data.run}-${data.n}`;
    const entry = this.#entries.get(key) ?? { run: data.run, n: data.n, t: data.t };
    const client = this.#clients[who];
    if (entry[who] !== undefined) {
      client.twice++;
      return false;
    }
    entry[who] = now;
    this.#entries.set(key, entry);
    this.#prune();
    const range = client.ranges.get(data.run);
    if (!range) {
      client.ranges.set(data.run, { first: data.n, last: data.n, unique: 1 });
      return true;
    }
    range.first = Math.min(range.first, data.n);
    range.last = Math.max(range.last, data.n);
    range.unique++;
    return true;
  }

  #prune() {
    for (const key of this.#entries.keys()) {
      if (this.#entries.size <= kept) break;
      this.#entries.delete(key);
    }
  }

  /**
   * What reached a client: lost are holes between its events, missing also those
   * after its newest that the other client has.
   * @param {Who} who
   * @param {number} now epoch ms
   */
  counts(who, now) {
    const { ranges, twice } = this.#clients[who];
    let received = twice;
    let lost = 0;
    for (const r of ranges.values()) {
      received += r.unique;
      lost += r.last - r.first + 1 - r.unique;
    }
    return { received, lost, missing: lost + this.lag(who, now - slowAfter), twice };
  }

  /** Whether this client should have the event: it had begun to listen. @param {Who} who @param {Entry} entry */
  expects(who, { run, n }) {
    const range = this.#clients[who].ranges.get(run);
    return range !== undefined && n >= range.first;
  }

  /**
   * Events newer than this client's newest that the other one has.
   * @param {Who} who
   * @param {number} [before] only those that had arrived there by then, epoch ms
   */
  lag(who, before = Infinity) {
    if (this.#clients[who].ranges.size === 0) return 0;
    const other = who === "ours" ? "plain" : "ours";
    let ahead = 0;
    for (const entry of [...this.#entries.values()].reverse()) {
      if (entry[who] !== undefined) break;
      if ((entry[other] ?? Infinity) <= before) ahead++;
    }
    return ahead;
  }

  /** Events that the server read at or after from. @param {number} from @returns {Entry[]} */
  since(from) {
    const found = [];
    for (const entry of this.#entries.values()) if (entry.t >= from) found.push(entry);
    return found;
  }
}
