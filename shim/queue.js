// @ts-check

/**
 * First in, first out. Unlike Array.shift, it takes the same time at any length.
 * @template T
 */
export class Queue {
  /** @type {T[]} what is taken next, from #taken on */
  #front = [];
  #taken = 0;
  /** @type {T[]} what came since the front was made */
  #back = [];

  get length() {
    return this.#front.length - this.#taken + this.#back.length;
  }

  /** @param {T} item */
  push(item) {
    this.#back.push(item);
  }

  /** @returns {T | undefined} the item that shift() would take */
  first() {
    if (this.#taken === this.#front.length) {
      this.#front = this.#back;
      this.#back = [];
      this.#taken = 0;
    }
    return this.#front[this.#taken];
  }

  /** @returns {T | undefined} */
  shift() {
    const item = this.first();
    if (item !== undefined) this.#taken++;
    return item;
  }

  clear() {
    this.#front = [];
    this.#back = [];
    this.#taken = 0;
  }
}
