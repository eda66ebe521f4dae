// @ts-check

/** So many times in a second may somebody else overwrite a mark. */
const maxContests = 20;

/**
 * What another copy of shim.js wants an element to show.
 * @typedef {{stale: boolean, counts: boolean}} Claim counts: it has called the element fresh before
 */

/**
 * Writes data-stale. Copies of shim.js from before there was a registry write it,
 * too, and insist: each answers any change with its own value, in the same task.
 * Writing back would never end. So what they write to a contested element is taken
 * as their claim, and only this writer sets the attribute: an element is fresh
 * when all copies call it fresh. A copy that never has called it fresh has
 * brought no data to it, and is not asked.
 */
export class MarkWriter {
  #attribute;
  #onClaim;
  /** @type {WeakMap<Element, string>} what was written last */
  #written = new WeakMap();
  /** @type {WeakMap<Element, Claim>} */
  #claims = new WeakMap();
  /** @type {Map<Element, number>} contests of the last second */
  #contests = new Map();
  #copies = otherCopies();
  /** Elements that were written in this task. @type {Set<Element>} */
  #recent = new Set();
  /** Another copy was loaded in this task. */
  #loaded = false;

  /**
   * @param {string} attribute
   * @param {(element: Element) => void} onClaim another copy says something new
   */
  constructor(attribute, onClaim) {
    this.#attribute = attribute;
    this.#onClaim = onClaim;
  }

  /** Whether there is a copy of shim.js that knows no registry. */
  get contested() {
    return otherCopies() > 0;
  }

  /**
   * @param {Element} element
   * @param {boolean} stale
   */
  write(element, stale) {
    const current = element.getAttribute(this.#attribute);
    const last = this.#written.get(element);
    if (last !== undefined && current !== last && (current === "true" || current === "false")) {
      if (!this.#contest(element, current === "true")) return;
    }
    const claim = this.#claims.get(element);
    const value = String(stale || (claim !== undefined && claim.counts && claim.stale));
    this.#written.set(element, value);
    if (current === value) return;
    if (this.#recent.size === 0) setTimeout(() => this.#recent.clear(), 0);
    this.#recent.add(element);
    Element.prototype.setAttribute.call(element, this.#attribute, value);
  }

  /**
   * Somebody else has written.
   * @param {Element} element
   * @param {boolean} stale
   * @returns {boolean} whether to write back
   */
  #contest(element, stale) {
    if (this.#contests.size === 0) setTimeout(() => this.#contests.clear(), 1000);
    const contests = (this.#contests.get(element) ?? 0) + 1;
    this.#contests.set(element, contests);
    if (contests > maxContests) return false;

    const copies = otherCopies();
    if (copies > this.#copies) {
      this.#loaded = true;
      setTimeout(() => (this.#loaded = false), 0);
    }
    this.#copies = copies;
    if (copies > 0 && !this.#claims.has(element)) {
      this.#claims.set(element, { stale, counts: !stale || this.#unprovoked(element) });
      this.#intercept(element);
    }
    return true;
  }

  /**
   * Whether what another copy writes now is not its answer to a write of ours, nor
   * its first word: then its data were fresh before and are stale now.
   * @param {Element} element
   */
  #unprovoked(element) {
    return !this.#loaded && !this.#recent.has(element);
  }

  /** @param {Element} element */
  #intercept(element) {
    const original = element.setAttribute;
    element.setAttribute = (name, value) => {
      const claim = this.#claims.get(element);
      const isMark = name === this.#attribute && (value === "true" || value === "false");
      if (!claim || !isMark) return original.call(element, name, value);
      claim.stale = value === "true";
      claim.counts ||= !claim.stale || this.#unprovoked(element);
      this.#onClaim(element);
    };
  }
}

/** Copies of shim.js that know no registry have a style sheet of this beginning each. */
function otherCopies() {
  let copies = 0;
  for (const sheet of document.adoptedStyleSheets ?? []) {
    const rule = /** @type {CSSStyleRule | undefined} */ (sheet.cssRules[0]);
    if (rule?.selectorText === ":where([data-stale])") copies++;
  }
  return copies;
}
