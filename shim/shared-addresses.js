// @ts-check

/**
 * Who can be asked for an address.
 * @typedef {object} Tab
 * @property {boolean} visible
 * @property {(ask: number, context: import("./shim.d.ts").URLContext) => void} ask
 */

/** @typedef {{href: string} | {reason: string} | undefined} Answer undefined: the tab is gone, or did not answer in time */

/** How long one tab may take while another one could be asked, in milliseconds. */
const patience = 5_000;

/**
 * Asks tabs for the address of a dial: visible tabs first, because the timers and
 * requests of hidden ones are slow, and another tab when one goes or is silent.
 */
export class Addresses {
  #tabs;
  #number = 0;
  /** @type {Map<number, {tab: Tab, answer: (answer: Answer) => void}>} */
  #open = new Map();

  /** @param {() => Iterable<Tab>} tabs those that there are, in the order to be asked in */
  constructor(tabs) {
    this.#tabs = tabs;
  }

  /**
   * @param {import("./shim.d.ts").URLContext} context
   * @returns {Promise<string>} rejected when the url function of a tab fails, or no tab answers
   */
  async ask(context) {
    /** @type {Set<Tab>} */
    const asked = new Set();
    for (let tab; (tab = this.#choose(asked)); ) {
      asked.add(tab);
      const answer = await this.#askOne(tab, context, () => this.#choose(asked) !== undefined);
      if (!answer) continue;
      if ("href" in answer) return answer.href;
      throw new Error(answer.reason);
    }
    throw new Error("no tab of this feed answers; its url function is needed");
  }

  /**
   * @param {Tab} tab
   * @param {{ask: number, href?: string, reason?: string}} message
   */
  answered(tab, { ask, href, reason }) {
    const open = this.#open.get(ask);
    if (open?.tab !== tab) return;
    open.answer(href === undefined ? { reason: reason ?? "it did not say why" } : { href });
  }

  /** @param {Tab} tab */
  gone(tab) {
    for (const { tab: other, answer } of [...this.#open.values()]) if (other === tab) answer(undefined);
  }

  /** @param {Set<Tab>} asked */
  #choose(asked) {
    const left = [...this.#tabs()].filter((tab) => !asked.has(tab));
    return left.find((tab) => tab.visible) ?? left[0];
  }

  /**
   * @param {Tab} tab
   * @param {import("./shim.d.ts").URLContext} context
   * @param {() => boolean} anotherOne whether another tab could be asked instead
   * @returns {Promise<Answer>}
   */
  #askOne(tab, context, anotherOne) {
    const ask = ++this.#number;
    return new Promise((resolve) => {
      /** @type {ReturnType<typeof setTimeout>} */
      let timer;
      /** @param {Answer} answer */
      const answer = (answer) => {
        clearTimeout(timer);
        this.#open.delete(ask);
        resolve(answer);
      };
      const wait = () => {
        timer = setTimeout(() => (anotherOne() ? answer(undefined) : wait()), patience);
      };
      this.#open.set(ask, { tab, answer });
      wait();
      tab.ask(ask, context);
    });
  }
}
