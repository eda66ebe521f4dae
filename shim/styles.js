// @ts-check

/** A style sheet that is put into documents and shadow roots. */
export class Styles {
  #css;
  /** @type {WeakMap<Document, CSSStyleSheet | null>} each document takes only its own; null where the browser cannot construct one */
  #sheets = new WeakMap();
  /** @type {WeakMap<Document | ShadowRoot, Element>} roots that have a <style> instead */
  #styled = new WeakMap();

  /** @param {string} css */
  constructor(css) {
    this.#css = css;
  }

  /**
   * Without effect when the root has it already. One that comes into another
   * document, as into the window of a picture in picture, has lost it. Browsers that cannot construct
   * style sheets (Safari before 16.4, jsdom) get a <style> element; where the
   * page's policy forbids that, only the looks are lost.
   * @param {Document | ShadowRoot} root
   */
  addTo(root) {
    const page = root.ownerDocument ?? /** @type {Document} */ (root);
    let sheet = this.#sheets.get(page);
    if (sheet === undefined) this.#sheets.set(page, (sheet = this.#construct(page)));
    if (sheet && root.adoptedStyleSheets) {
      // Chromium before 99 has a frozen array here: it can be replaced, not changed.
      if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
      return;
    }
    const styled = this.#styled.get(root);
    if (styled && root.contains(styled)) return;
    const style = page.createElement("style");
    this.#styled.set(root, style);
    style.textContent = this.#css;
    ("head" in root ? (root.head ?? root.documentElement) : root).append(style);
  }

  /** @param {Document} page */
  #construct(page) {
    try {
      const { CSSStyleSheet } = page === document ? globalThis : /** @type {typeof globalThis} */ (/** @type {unknown} */ (page.defaultView));
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(this.#css);
      return sheet;
    } catch {
      return null;
    }
  }
}
