// @ts-check

// How the messages of a frame in parts begin; see wasm/wire/part.go.
const more = "wakesocket+";
const last = "wakesocket=";

/**
 * Joins the parts of long frames of one socket. A feed sends a long frame in
 * parts, so that each part shows that the link works, and pongs get between them.
 */
export class FrameParts {
  #joined = "";

  /**
   * @param {unknown} data of a message
   * @returns {unknown} the frame that the message is or completes; undefined when more parts follow
   */
  join(data) {
    if (typeof data !== "string" || data.charCodeAt(0) !== more.charCodeAt(0)) return data;
    if (data.startsWith(more)) {
      this.#joined += data.slice(more.length);
      return undefined;
    }
    if (!data.startsWith(last)) return data;
    const frame = this.#joined + data.slice(last.length);
    this.#joined = "";
    return frame;
  }
}
