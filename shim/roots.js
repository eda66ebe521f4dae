// @ts-check

/** A walk looks at the clock after so many elements. */
const stride = 128;
/** NodeFilter.SHOW_ELEMENT; a test environment may have a document without NodeFilter. */
const showElement = 1;

/**
 * The document, the open shadow roots in it, and where marks were moved to. No event
 * tells of a new shadow root, so all elements are looked at, a few at a time.
 */
export class OpenRoots {
  // Kept, because a test environment may take the global away before the last timer has run.
  #document = document;
  /** @type {Set<Document | ShadowRoot>} */
  #known = new Set();
  /** @type {Iterator<ShadowRoot | null> | undefined} the walk through the document that is under way */
  #walk;

  /**
   * Goes on with the walk, to the end of the document or for so long.
   * @param {number} budget ms
   */
  search(budget) {
    const end = performance.now() + budget;
    const walking = (this.#walk ??= walk(this.#document));
    for (;;) {
      const { done, value } = walking.next();
      if (value) this.#known.add(value);
      if (done) this.#walk = undefined;
      if (done || performance.now() >= end) return;
    }
  }

  /**
   * Makes known where an element is: in another window, or a closed shadow root.
   * @param {Element} element
   */
  follow(element) {
    if (element.isConnected) this.#known.add(/** @type {Document | ShadowRoot} */ (element.getRootNode()));
  }

  /**
   * What of all these the user may see.
   * @returns {(Document | ShadowRoot)[]}
   */
  list() {
    this.#known.delete(this.#document);
    for (const root of this.#known) if (!root.isConnected || !(root.ownerDocument ?? /** @type {Document} */ (root)).defaultView) this.#known.delete(root);
    return [this.#document, ...this.#known];
  }
}

/**
 * Yields each open shadow root, those in shadow roots included, and null now and
 * then, so that the walk can pause. A walk whose place was removed from the
 * document ends early; the next one begins at the top.
 * @param {Document | ShadowRoot} root
 * @returns {Generator<ShadowRoot | null, void, void>}
 */
function* walk(root) {
  const walker = /** @type {Document} */ (root.ownerDocument ?? root).createTreeWalker(root, showElement);
  for (let n = 1; walker.nextNode(); n++) {
    const { shadowRoot } = /** @type {Element} */ (walker.currentNode);
    if (shadowRoot) {
      yield shadowRoot;
      yield* walk(shadowRoot);
    } else if (n % stride === 0) {
      yield null;
    }
  }
}
