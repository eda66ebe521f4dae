// @ts-check
import { clock } from "./format.js";

/** @typedef {"good" | "warn" | "bad" | "plain"} Tone */

const most = 200;

/** What happened to the connections, newest first. */
export class Log {
  #list;
  #last = "";
  #times = 1;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
  }

  /** @param {string} source who it happened to, or who did it @param {string} text @param {Tone} [tone] */
  add(source, text, tone = "plain") {
    const key = `${source}: ${text}`;
    if (key === this.#last) {
      this.#times++;
      const first = /** @type {HTMLElement} */ (this.#list.firstElementChild);
      /** @type {HTMLElement} */ (first.querySelector(".times")).textContent = ` ×${this.#times}`;
      return;
    }
    this.#last = key;
    this.#times = 1;
    const item = document.createElement("li");
    item.dataset.tone = tone;
    const now = new Date();
    const time = document.createElement("time");
    time.dateTime = now.toISOString();
    time.textContent = `${clock(now.getTime())}.${Math.floor(now.getMilliseconds() / 100)}`;
    const who = document.createElement("p");
    who.className = "source";
    who.textContent = source;
    const what = document.createElement("p");
    const times = document.createElement("span");
    times.className = "times";
    what.append(text, times);
    item.append(time, who, what);
    this.#list.prepend(item);
    while (this.#list.childElementCount > most) this.#list.lastElementChild?.remove();
  }
}
