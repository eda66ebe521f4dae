// @ts-check
import { withQuery } from "./url.js";

/** @typedef {import("./boundary.gen.js").DialEffect} DialEffect */

/**
 * @typedef {object} Events
 * @property {(dial: DialEffect, href: string) => void} ready the address is known, without what the protocol adds
 * @property {(generation: number, thrown: unknown) => void} failed
 */

/** Asks the page for the address of each dial. What comes after its dial was given up is ignored. */
export class Dialer {
  #url;
  #events;
  /** @type {Set<number>} the generations whose address is awaited */
  #pending = new Set();

  /**
   * @param {(context: import("./shim.d.ts").URLContext) => string | Promise<string>} url
   * @param {Events} events
   */
  constructor(url, events) {
    this.#url = url;
    this.#events = events;
  }

  /** @param {DialEffect} dial */
  dial(dial) {
    const { generation, fresh, attempt } = dial;
    this.#pending.add(generation);
    /** @param {string} href */
    const ready = (href) => {
      if (this.#pending.delete(generation)) this.#events.ready(dial, href);
    };
    /** @param {unknown} thrown */
    const failed = (thrown) => {
      if (this.#pending.delete(generation)) this.#events.failed(generation, thrown);
    };
    let href;
    try {
      href = this.#url({ fresh, attempt });
    } catch (thrown) {
      failed(thrown);
      return;
    }
    if (typeof href === "string") ready(href);
    else href.then(ready, failed);
  }

  /** @param {number} generation */
  giveUp(generation) {
    this.#pending.delete(generation);
  }

  giveUpAll() {
    this.#pending.clear();
  }
}

/**
 * The address of a dial, with what the protocol says in its query.
 * @param {string} href
 * @param {Pick<DialEffect, "after" | "previous">} dial
 * @param {string} client
 * @param {readonly string[] | undefined} topics undefined: those in href, if any
 * @param {boolean} [later] the topics come in the first message
 * @param {[string, string][]} [more]
 */
export function dialAddress(href, { after, previous }, client, topics, later = false, more = []) {
  /** @type {[string, string][]} */
  const query = [["wakesocket", "1"]];
  if (after) query.push(["after", after]);
  if (previous) query.push(["previous", previous]);
  query.push(["client", client]);
  for (const topic of topics ?? []) query.push(["topic", topic]);
  if (later) query.push(["topics", "later"]);
  query.push(...more);
  return withQuery(href, query, topics ? ["topic"] : []);
}
