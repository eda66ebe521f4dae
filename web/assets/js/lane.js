// @ts-check
import { count, span } from "./format.js";
import { Strip } from "./strip.js";

/** @typedef {import("./ledger.js").Who} Who */
/** @typedef {{tone: "live" | "doubt" | "dead", text: string}} Claim what a client says of itself */

/** A reading older than this is old, whatever the client says. */
const oldAfter = 2000;

/** One client of the two: what it claims, the cpu reading that it shows, what is true. */
export class Lane {
  #root;
  #who;
  #strip;
  #fields;
  /** @type {Claim} */
  #claim = { tone: "doubt", text: "connecting" };
  /** When the reading that it shows was taken, epoch ms of the server; null before the first. @type {number | null} */
  #taken = null;

  /** @param {HTMLElement} root @param {Who} who */
  constructor(root, who) {
    this.#root = root;
    this.#who = who;
    this.#strip = new Strip(/** @type {HTMLCanvasElement} */ (root.querySelector("canvas")), who);
    /** @param {string} name */
    const field = (name) => /** @type {HTMLElement} */ (root.querySelector(`[data-field=${name}]`));
    this.#fields = {
      claim: field("claim"),
      cpu: field("cpu"),
      truth: field("truth"),
      received: field("received"),
      missing: field("missing"),
      twice: field("twice"),
    };
  }

  /** @param {Claim} claim */
  setClaim(claim) {
    this.#claim = claim;
    this.#root.dataset.claim = claim.tone;
    this.#write("claim", claim.text);
  }

  /** @param {{topic: string, data: any}} event */
  addEvent({ topic, data }) {
    if (topic !== "cpu" || !data.value) return;
    this.#taken = Math.max(data.t, this.#taken ?? data.t);
    this.#write("cpu", String(Math.round(data.value.total)));
  }

  get reach() {
    return this.#strip.reach;
  }

  /**
   * @param {import("./ledger.js").Ledger} ledger
   * @param {import("./ledger.js").Entry[]} entries
   * @param {import("./clock.js").ServerClock} time
   * @param {readonly import("./strip.js").Mark[]} marks
   * @param {number} now
   */
  draw(ledger, entries, time, marks, now) {
    this.#strip.draw(ledger, entries, time, marks, now);
    const { received, missing, twice } = ledger.counts(this.#who, now);
    this.#count("received", received, false);
    this.#count("missing", missing, missing > 0);
    this.#count("twice", twice, twice > 0);
    const age = this.#taken === null ? null : time.now(now) - this.#taken;
    const old = age !== null && age > oldAfter;
    this.#root.dataset.old = String(old);
    this.#root.dataset.lying = String(old && this.#claim.tone === "live");
    this.#write("truth", this.#truth(age, old, ledger.lag(this.#who)));
  }

  /** @param {number | null} age @param {boolean} old @param {number} lag how many newer events the other client has */
  #truth(age, old, lag) {
    if (age === null) return "No reading has arrived yet.";
    if (!old) return "Up to date.";
    const missed = lag ? `, and it lags by ${count(lag, "event")}` : "";
    if (this.#claim.tone === "live") return `It says it is connected. What it shows is ${span(age)} old${missed}.`;
    return `It says that its data are old: ${span(age)}${missed}.`;
  }

  /** @param {"received" | "missing" | "twice"} name @param {number} n @param {boolean} bad */
  #count(name, n, bad) {
    this.#write(name, n.toLocaleString("en"));
    this.#fields[name].dataset.bad = String(bad);
  }

  /** @param {"claim" | "cpu" | "truth" | "received" | "missing" | "twice"} name @param {string} text */
  #write(name, text) {
    const field = this.#fields[name];
    if (field.textContent !== text) field.textContent = text;
  }
}
