// @ts-check
import { isPattern, patterns } from "./limits.js";

/** Names of topics and patterns, and which topics they stand for; see wasm/wire/README.md. */
export class TopicSet {
  #names;
  #hasPatterns;

  /** @param {Iterable<string>} names */
  constructor(names) {
    this.#names = new Set(names);
    this.#hasPatterns = [...this.#names].some(isPattern);
  }

  /** @param {string} topic */
  has(topic) {
    return this.#names.has(topic) || (this.#hasPatterns && patterns(topic).some((name) => this.#names.has(name)));
  }
}

/** What JavaScript has in a text and UTF-8 has not. */
export const halfCharacter = /\p{Surrogate}/u;

/**
 * Throws a TypeError for a name that cannot be sent, or that could only be meant as a pattern and is
 * none: it would match nothing, in silence.
 * @param {string} name
 */
export function checkName(name) {
  if (halfCharacter.test(name)) throw new TypeError(`topic ${JSON.stringify(name)} holds half a character, which cannot be sent; name it in whole ones`);
  const advice =
    name === "*" || name === ">" || name === ".*"
      ? "name no topics to get all of them"
      : name.endsWith(".>")
        ? `write "${name.slice(0, -1)}*", which stands for any depth`
        : (isPattern(name) ? name.slice(0, -1) : name).includes("*")
          ? 'a "*" stands only at the end, after a dot, as in "price.*"'
          : "";
  if (advice) throw new TypeError(`"${name}" is no pattern; ${advice}`);
}
