// @ts-check

// What the messages of a frame in parts begin with; see wasm/wire/part.go.
const more = "wakesocket+";
const last = "wakesocket=";

/**
 * Puts the frames of one socket together again that its feed sent in parts, so
 * that a long one gives signs of life and lets pongs pass.
 */
export class Parts {
  #begun = "";

  /**
   * @param {unknown} data of a message
   * @returns {unknown} the frame that it is or completes; undefined when more is to come
   */
  join(data) {
    if (typeof data !== "string" || data.charCodeAt(0) !== more.charCodeAt(0)) return data;
    if (data.startsWith(more)) {
      this.#begun += data.slice(more.length);
      return undefined;
    }
    if (!data.startsWith(last)) return data;
    const frame = this.#begun + data.slice(last.length);
    this.#begun = "";
    return frame;
  }
}
