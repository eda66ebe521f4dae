// @ts-check
import { WakesocketError } from "./error.js";

/** @typedef {import("./shim.d.ts").AddOptions} AddOptions */
/** @typedef {import("./shim.d.ts").HistoryQuestion} HistoryQuestion */

/**
 * What a tab asks the worker.
 * @typedef {{type: "add", topics: string[], options: AddOptions}
 *   | {type: "remove", topics: string[]}
 *   | {type: "history", question: HistoryQuestion}} Question
 */

/** Questions that may wait; a page that asks faster for longer must slow down. */
const maxOpen = 1000;

/**
 * The questions of one tab that have no answer yet. The worker may go, and another
 * one comes: then they are asked again.
 */
export class Questions {
  #number = 0;
  /** @type {Map<number, {question: Question, resolve: (answer: any) => void, reject: (error: unknown) => void}>} in order */
  #open = new Map();
  #post;

  /** @param {(message: Question & {request: number}) => void} post without effect while there is no worker */
  constructor(post) {
    this.#post = post;
  }

  /**
   * @param {Question} question
   * @returns {Promise<any>}
   */
  ask(question) {
    return new Promise((resolve, reject) => {
      if (this.#open.size >= maxOpen) {
        reject(new WakesocketError("too-many-messages", `a request was not sent: ${maxOpen} others wait for their answers`));
        return;
      }
      this.#open.set(++this.#number, { question, resolve, reject });
      this.#post({ ...question, request: this.#number });
    });
  }

  /** There is another worker. */
  askAgain() {
    for (const [request, { question }] of this.#open) this.#post({ ...question, request });
  }

  /**
   * @param {number} request
   * @returns {Question | undefined} undefined when it has been answered
   */
  of(request) {
    return this.#open.get(request)?.question;
  }

  /** @param {number} request @param {unknown} answer */
  answered(request, answer) {
    this.#take(request)?.resolve(answer);
  }

  /** @param {number} request @param {WakesocketError} error */
  refused(request, error) {
    this.#take(request)?.reject(error);
  }

  /** @param {WakesocketError} error */
  fail(error) {
    for (const request of [...this.#open.keys()]) this.refused(request, error);
  }

  /**
   * The tab gets a connection of its own, which answers what is open.
   * @param {import("./boundary.js").FeedDriver} driver
   */
  handOver(driver) {
    const open = [...this.#open.values()];
    this.#open.clear();
    for (const { question, resolve, reject } of open) ask(driver, question).then(resolve, reject);
  }

  /** @param {number} request */
  #take(request) {
    const open = this.#open.get(request);
    this.#open.delete(request);
    return open;
  }
}

/**
 * @param {import("./boundary.js").FeedDriver} driver
 * @param {Question} question
 * @returns {Promise<unknown>}
 */
function ask(driver, question) {
  if (question.type === "history") return driver.history(question.question);
  if (question.type === "remove") return driver.removeTopics(question.topics);
  return driver.addTopics(question.topics, question.options);
}
