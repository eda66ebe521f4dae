// @ts-check

/** A style sheet that is put into documents and shadow roots. */
export class Styles {
  #css;
  /** @type {CSSStyleSheet | null | undefined} null where the browser cannot construct one */
  #sheet;
  /** @type {WeakSet<Document | ShadowRoot>} roots that have a <style> instead */
  #styled = new WeakSet();

  /** @param {string} css */
  constructor(css) {
    this.#css = css;
  }

  /**
   * Without effect when the root has it already. Browsers that cannot construct
   * style sheets (Safari before 16.4, jsdom) get a <style> element; where the
   * page's policy forbids that, only the looks are lost.
   * @param {Document | ShadowRoot} root
   */
  addTo(root) {
    if (this.#sheet === undefined) this.#sheet = this.#construct();
    if (this.#sheet && root.adoptedStyleSheets) {
      // Chromium before 99 has a frozen array here: it can be replaced, not changed.
      if (!root.adoptedStyleSheets.includes(this.#sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, this.#sheet];
      return;
    }
    if (this.#styled.has(root)) return;
    this.#styled.add(root);
    const style = document.createElement("style");
    style.textContent = this.#css;
    (root === document ? document.head : root).append(style);
  }

  #construct() {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(this.#css);
      return sheet;
    } catch {
      return null;
    }
  }
}
