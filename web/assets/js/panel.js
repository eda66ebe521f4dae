// @ts-check
import { steadyNow } from "./clock.js";
import { count, span } from "./format.js";

/** @typedef {{hit: number, outage: string, left: number}} Report the server's answer to a fault */

/** @type {Record<string, (n: string, time: string) => string>} */
const results = {
  cut: (n) => `Cut ${n} silently.`,
  reset: (n) => `Reset ${n}.`,
  stall: (n, time) => `Stalled ${n} for ${time}.`,
  hang: (n, time) => `Cut ${n}, and whoever dials hangs for ${time}.`,
  mute: (_, time) => `The publisher says nothing about cpu for ${time}; every connection is fine.`,
  refuse: (n, time) => `Reset ${n}, and whoever dials is refused for ${time}.`,
  restart: (n) => `Restarted the server; it told ${n} to come back, and kept its log.`,
  crash: (n) => `Crashed the server with ${n}; its log is gone.`,
  heal: () => "Ended the outage.",
};

/** @type {Record<string, string>} */
const outages = { stall: "Nothing moves", hang: "Dials hang", refuse: "Dials are refused", mute: "No news of cpu" };

/** The buttons that break things, and what runs at the moment. */
export class Panel {
  #root;
  #status;
  #heal;
  #left;
  /** The button that began the outage: the focus goes back to it. @type {HTMLElement | null} */
  #beginner = null;
  #onResult;
  /** @type {{outage: string, until: number} | null} */
  #running = null;

  /**
   * @param {HTMLElement} root
   * @param {(kind: string, text: string) => void} onResult
   */
  constructor(root, onResult) {
    this.#root = root;
    this.#onResult = onResult;
    this.#status = /** @type {HTMLElement} */ (root.querySelector("#outage span"));
    this.#heal = /** @type {HTMLButtonElement} */ (root.querySelector("[data-fault=heal]"));
    this.#left = /** @type {HTMLElement} */ (this.#heal.querySelector("span"));
    // One of the buttons stands at the top of the page, apart from the others.
    document.addEventListener("click", ({ target }) => {
      const button = /** @type {Element} */ (target).closest("button");
      if (button?.dataset.fault) void this.#inject(button, button.dataset.fault);
    });
    // Somebody else's outage may be running.
    void fetch("faults").then(async (answer) => this.#setOutage(await answer.json()));
  }

  /** @param {HTMLButtonElement} button @param {string} kind */
  async #inject(button, kind) {
    const checked = /** @type {HTMLInputElement} */ (this.#root.querySelector("[name=seconds]:checked"));
    const query = "timed" in button.dataset ? `?seconds=${checked.value}` : "";
    button.ariaBusy = "true";
    try {
      const answer = await fetch(`faults/${kind}${query}`, { method: "POST" });
      if (!answer.ok) throw new Error(await answer.text());
      /** @type {Report} */
      const report = await answer.json();
      if (kind !== "heal") this.#beginner = button;
      this.#setOutage(report);
      this.#onResult(kind, results[kind](count(report.hit, "connection"), `${checked.value} s`));
    } catch (error) {
      this.#onResult(kind, `That did not work: ${/** @type {Error} */ (error).message}`);
    } finally {
      button.ariaBusy = null;
    }
  }

  /** @param {Report} report */
  #setOutage({ outage, left }) {
    this.#running = outage ? { outage, until: steadyNow() + left } : null;
    this.draw(steadyNow());
  }

  /** @param {number} now */
  draw(now) {
    if (this.#running && now >= this.#running.until) this.#running = null;
    const status = /** @type {HTMLElement} */ (this.#status.parentElement);
    status.toggleAttribute("data-running", this.#running !== null);
    // A button that vanishes would take the focus of the keyboard with it.
    if (!this.#running && document.activeElement === this.#heal) (this.#beginner ?? this.#root).focus();
    this.#heal.hidden = this.#running === null;
    // The words stay while the seconds run, or a reader would hear each of them.
    const text = this.#running ? outages[this.#running.outage] : "No outage at the moment.";
    if (this.#status.textContent !== text) this.#status.textContent = text;
    this.#left.textContent = this.#running ? ` (${span(this.#running.until - now)} left)` : "";
  }
}
