// @ts-check

/**
 * One step of a feed, in order: an event, a message such as that of a gap, or a move
 * of the position.
 * @typedef {object} Entry
 * @property {string} position of the feed after it; "" when that is not known
 * @property {string} id of the event, "" for none
 * @property {string} topic
 * @property {string} text JSON of the event, "" when it is none
 * @property {number} time when it arrived, epoch milliseconds
 * @property {import("./shim.d.ts").Gap} [gap]
 * @property {import("./shared-protocol.js").FromWorker} [message]
 * @property {boolean} [earlier] whether it is an earlier event that the tab asked for
 */

/** What an entry takes beside its text. */
const overhead = 200;

/**
 * @param {Entry} entry
 * @returns {number} about how many bytes it takes
 */
export function sizeOf(entry) {
  return entry.text.length + overhead;
}

/**
 * The newest entries of a feed, as many as fit. Each has a number, one more than
 * the entry before. Whoever reads keeps the number of the next one.
 */
export class Ring {
  /** @readonly */
  most;
  /** @type {(Entry | undefined)[]} by number, less #offset */
  #entries = [];
  #offset = 1;
  #first = 1;
  #bytes = 0;
  /** @type {Map<string, number>} which entry comes next after a position */
  #next = new Map();

  /**
   * @param {number} most bytes
   * @param {string} position before the first entry
   */
  constructor(most, position) {
    this.most = most;
    if (position) this.#next.set(position, 1);
  }

  /** The number of the oldest entry; end() when there is none. */
  get first() {
    return this.#first;
  }

  /** The number of the entry that will come next. */
  get end() {
    return this.#offset + this.#entries.length;
  }

  /** @param {Entry} entry */
  push(entry) {
    // Ids of before and after a gap may be of two logs: a position from before
    // cannot be told from one after it.
    if (entry.gap) this.#next.clear();
    this.#entries.push(entry);
    this.#bytes += sizeOf(entry);
    if (entry.position) {
      this.#next.delete(entry.position); // so that the map stays in the order of the entries
      this.#next.set(entry.position, this.end);
    }
    while (this.#bytes > this.most && this.#first < this.end - 1) this.#drop();
  }

  /**
   * @param {number} number from first on and before end
   * @returns {Entry}
   */
  at(number) {
    return /** @type {Entry} */ (this.#entries[number - this.#offset]);
  }

  /**
   * @param {string} position
   * @returns {number | undefined} of the entry that comes after it; undefined when that is not known
   */
  after(position) {
    return this.#next.get(position);
  }

  #drop() {
    const place = this.#first - this.#offset;
    this.#bytes -= sizeOf(this.at(this.#first));
    this.#entries[place] = undefined;
    this.#first++;
    for (const [position, next] of this.#next) {
      if (next >= this.#first) break;
      this.#next.delete(position);
    }
    // Seldom, so that it costs each entry little.
    if (place + 1 < 1024 || place + 1 < this.#entries.length / 2) return;
    this.#entries.splice(0, place + 1);
    this.#offset = this.#first;
  }
}
