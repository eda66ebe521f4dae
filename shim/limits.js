// @ts-check

/** Stands for every topic that has no limit of its own. */
const anyTopic = "*";

/**
 * How old the newest event of a topic may be, in ms. The most specific limit
 * counts: that of the topic, then that of the longest pattern, then that of all
 * topics. Where page and server name the same, the page decides. 0 is no limit.
 */
export class Limits {
  /** @type {Map<string, number>} */
  #page;
  /** @type {Map<string, number>} */
  #server = new Map();

  /** @param {import("./shim.d.ts").Options["staleAfter"]} staleAfter */
  constructor(staleAfter = {}) {
    this.#page = new Map(typeof staleAfter === "number" ? [[anyTopic, staleAfter]] : Object.entries(staleAfter));
  }

  /** Forgets what the server declared. */
  clear() {
    this.#server.clear();
  }

  /**
   * Takes what a hello or a "fresh" frame declares. A limit of 0 ends an earlier
   * one; what cannot be a limit is left out.
   * @param {unknown} declared
   */
  declare(declared) {
    if (typeof declared !== "object" || declared === null) return;
    for (const [topic, limit] of Object.entries(declared)) {
      if (limit === 0) this.#server.delete(topic);
      else if (typeof limit === "number" && limit > 0) this.#server.set(topic, limit);
    }
  }

  /** @param {string} topic "" for events without a topic */
  of(topic) {
    for (const name of [topic, ...patterns(topic), anyTopic]) {
      const limit = this.#page.get(name) ?? this.#server.get(name);
      if (limit !== undefined) return limit;
    }
    return 0;
  }

  /** The topics that have a limit by name: they are expected to speak. */
  topics() {
    return [...new Set([...this.#page.keys(), ...this.#server.keys()])].filter((name) => name !== anyTopic && !isPattern(name));
  }
}

/** @param {string} name */
export function isPattern(name) {
  return name.length > 2 && name.endsWith(".*");
}

/**
 * The patterns that stand for a topic, the longest first; see wasm/wire/topic.go.
 * @param {string} topic
 * @returns {string[]}
 */
export function patterns(topic) {
  const found = [];
  for (let i = topic.length - 2; i > 0; i--) if (topic[i] === ".") found.push(`${topic.slice(0, i)}.*`);
  return found;
}

/**
 * @param {string} name of a topic or a pattern
 * @param {string} topic
 */
export function matches(name, topic) {
  return name === topic || patterns(topic).includes(name);
}
