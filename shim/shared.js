// @ts-check
// The tab's side of a shared connection. The shim loads this file when a feed asks
// for share, so that other pages do not pay for it.
import { build } from "./boundary.gen.js";
import { Delivery } from "./delivery.js";
import { WakesocketError, messageOf } from "./error.js";
import { shareKey, topicsIn } from "./shared-key.js";
import { SharedPort } from "./shared-port.js";
import { Questions } from "./shared-questions.js";
import { all } from "./shared-topics.js";
import { ShownState } from "./shown-state.js";
import { schedule } from "./slices.js";
import { followsAll } from "./topic-changes.js";

/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */
/** @typedef {import("./shim.d.ts").ErrorCode} ErrorCode */
/** @typedef {import("./boundary.js").Page} Page */
/** @typedef {import("./shared-protocol.js").FromWorker} FromWorker */

/** How long delivering may take in one task, in milliseconds: half a frame. */
const deliveringTime = 8;
/** Waits between two calls of a url function that fails, in milliseconds. */
const minDelay = 1_000;
const maxDelay = 30_000;

/**
 * What the shim hands over, beside the page.
 * @typedef {object} Link
 * @property {true | string} share
 * @property {boolean} asks whether the page's url function is asked for addresses
 * @property {string} client of the option, "" without it
 * @property {string} wasm
 * @property {string | URL | undefined} workerURL
 * @property {(code: ErrorCode, message: string) => void} error
 * @property {() => void} joined
 * @property {(reason: string) => import("./boundary.js").FeedDriver} alone the tab must connect for itself, from the cursor on
 */

/** A driver of which all but the delivery runs in the shared worker. */
export class SharedDriver {
  cursor;
  #page;
  #settings;
  #link;
  #running = false;
  /** @type {SharedPort | undefined} */
  #port;
  /** Counts the attempts to join, so that an older one ends by itself. */
  #attempt = 0;
  #failures = 0;
  #waiting = 0;
  #shown;
  #delivery;
  #questions = new Questions((message) => this.#port?.post(message));
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;

  /**
   * @param {Page} page
   * @param {import("./boundary.js").Settings} settings changes with the page
   * @param {Link} link
   */
  constructor(page, settings, link) {
    this.#page = page;
    this.#settings = settings;
    this.#link = link;
    this.cursor = settings.after;
    this.#delivery = new Delivery(
      {
        deliver: (item, id) => {
          if (id) this.cursor = id;
          page.deliver(item.event, item.at);
        },
        paused: () => page.paused(),
        lagChanged: () => page.lagChanged(),
      },
      () => schedule(this.#deliver),
    );
    this.#shown = new ShownState(
      (status) => page.status(status),
      (call) => this.#delivery.then(call),
    );
  }

  get lag() {
    const { lag } = this.#delivery;
    return lag > 0 ? lag + this.#waiting : 0;
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    // A page that is frozen runs nothing. It leaves, and joins again from its cursor.
    globalThis.document?.addEventListener("freeze", this.#freeze);
    this.#join();
  }

  stop() {
    this.leave();
    this.#questions.fail(new WakesocketError("closed", "the feed was closed before the answer came"));
    this.#shown.outside("stopped");
  }

  /** Ends without a word to the page. */
  leave() {
    this.#running = false;
    globalThis.document?.removeEventListener("freeze", this.#freeze);
    this.#leave();
  }

  reconnect() {
    if (this.#port) this.#port.post({ type: "reconnect" });
    else if (this.#running) this.#join();
    else this.start();
  }

  /**
   * Goes on after another position.
   * @param {string} position
   */
  resume(position) {
    this.cursor = position;
    this.#join();
  }

  /** The browser takes the page away, and may bring it back. */
  away() {
    if (this.#running) this.#leave();
  }

  /** @param {"wake" | "network"} kind */
  wake(kind) {
    if (this.#back()) this.#port?.post({ type: "wake", kind });
  }

  /** @param {boolean} on */
  visible(on) {
    this.#settings.visible = on;
    if (!on || this.#back()) this.#port?.post({ type: "visible", on });
  }

  /** @param {boolean} on */
  online(on) {
    this.#settings.online = on;
    if (!on || this.#back()) this.#port?.post({ type: "online", on });
  }

  /** @param {string} text */
  send(text) {
    this.#port?.post({ type: "send", text });
    return this.#port !== undefined;
  }

  /** @param {readonly string[]} topics */
  topics(topics) {
    this.#settings.none = false;
    this.#settings.topics = topics;
    this.#port?.post({ type: "topics", topics: /** @type {string[]} */ (namesOf(this.#settings)) });
  }

  /** @type {import("./boundary.js").FeedDriver["addTopics"]} */
  addTopics(topics, options) {
    if (this.#named) this.#list([...new Set([...this.#named, ...topics])]);
    return this.#questions.ask({ type: "add", topics: [...topics], options });
  }

  /** @type {import("./boundary.js").FeedDriver["removeTopics"]} */
  removeTopics(topics) {
    if (!this.#named) return Promise.reject(followsAll());
    this.#drop(topics);
    return this.#questions.ask({ type: "remove", topics: [...topics] });
  }

  /** @type {import("./boundary.js").FeedDriver["history"]} */
  history(question) {
    return this.#questions.ask({ type: "history", question });
  }

  /** The topics that it follows by name; undefined when it follows all, or those in the address. */
  get #named() {
    const { topics, none } = this.#settings;
    return topics && (topics.length > 0 || none) ? topics : undefined;
  }

  /** @param {readonly string[]} topics none means none */
  #list(topics) {
    this.#settings.topics = topics;
    this.#settings.none = topics.length === 0;
  }

  /** @param {readonly string[]} topics */
  #drop(topics) {
    if (this.#named) this.#list(this.#named.filter((name) => !topics.includes(name)));
  }

  /** @returns {boolean} whether the tab takes part already; if not, it joins again */
  #back() {
    if (!this.#running) return false;
    if (!this.#port) this.#join();
    return this.#port !== undefined;
  }

  async #join() {
    clearTimeout(this.#retry);
    this.#leave();
    const attempt = this.#attempt;
    const { share, asks, client, wasm, workerURL } = this.#link;
    let href;
    try {
      href = await this.#page.url({ fresh: false, attempt: this.#failures });
    } catch (thrown) {
      if (attempt === this.#attempt) this.#later(messageOf(thrown));
      return;
    }
    if (attempt !== this.#attempt) return;
    this.#failures = 0;
    const { tuning, visible, online } = this.#settings;
    const topics = namesOf(this.#settings);
    const port = new SharedPort(workerURL ?? new URL("shared-worker.js", import.meta.url), build, {
      hear: (message) => this.#hear(port, message),
      again: () => {
        if (port === this.#port) this.#join();
      },
      failed: (reason) => {
        if (port === this.#port) this.#questions.handOver(this.#link.alone(reason));
      },
    });
    this.#port = port;
    port.join({
      key: shareKey(share, href, asks, [tuning, wasm, client]),
      ...(asks ? {} : { url: href }),
      addressTopics: topicsIn(href),
      tuning,
      wasm,
      client,
      ...(topics ? { topics } : {}),
      after: this.cursor,
      visible,
      online,
    });
    this.#questions.askAgain();
  }

  #leave() {
    this.#attempt++;
    clearTimeout(this.#retry);
    this.#port?.leave();
    this.#port = undefined;
    this.#waiting = 0;
    this.#delivery.clear(); // the cursor is before what waits
  }

  /**
   * The url function failed, so that it is not known which feed to share.
   * @param {string} reason
   */
  #later(reason) {
    const bound = Math.min(minDelay * 2 ** this.#failures++, maxDelay);
    const delay = Math.round(bound * (0.5 + Math.random() / 2));
    this.#retry = setTimeout(() => this.#join(), delay);
    this.#link.error("url-failed", `the feed's url function failed: ${reason}`);
    this.#shown.set({ name: "connecting", since: Date.now(), attempt: this.#failures, retryAt: Date.now() + delay, cause: reason });
  }

  /**
   * @param {SharedPort} port
   * @param {FromWorker} message
   */
  #hear(port, message) {
    if (port !== this.#port) return;
    switch (message.type) {
      case "welcome":
        return this.#link.joined();
      case "status":
        return this.#shown.set(message.status);
      case "unguarded":
        return this.#page.unguarded(message.reason);
      case "batch":
        return this.#batch(port, message);
      case "moved":
        return this.#delivery.then(() => {
          this.cursor = message.cursor;
          this.#page.paused();
        });
      case "gap":
        return this.#delivery.then(() => this.#page.gap(message.gap));
      case "rtt":
        return this.#page.rtt(message.ms);
      case "control":
        return this.#page.control(message.frame);
      case "error":
        return this.#link.error(message.code, message.message);
      case "answer":
        return this.#answered(message);
      case "refusal":
        return this.#refused(message);
      case "ask":
        return void this.#answer(port, message);
    }
  }

  /**
   * @param {SharedPort} port
   * @param {Extract<FromWorker, {type: "batch"}>} message
   */
  #batch(port, { batch, events, ids, times, waiting }) {
    const [mono, wall] = [performance.now(), Date.now()];
    /** @type {FeedEvent[]} */
    const list = JSON.parse(events);
    // The message may have waited while the page could not run: the event is as old as it is.
    const items = list.map((event, i) => ({ event, at: mono - Math.max(0, wall - times[i]) }));
    this.#waiting = waiting;
    this.#delivery.events(items, ids, "");
    this.#delivery.then(() => port.post({ type: "ack", batch }));
  }

  /** @param {Extract<FromWorker, {type: "answer"}>} message */
  #answered({ request, answer }) {
    if (this.#questions.of(request)?.type === "history") this.#questions.answered(request, answer);
    else this.#delivery.then(() => this.#questions.answered(request, answer.at)); // after the events that came before it
  }

  /** @param {Extract<FromWorker, {type: "refusal"}>} message */
  #refused({ request, code, message }) {
    const question = this.#questions.of(request);
    // They must not be asked for again at each joining.
    if (question?.type === "add" && code !== "log-unavailable") this.#drop(question.topics);
    this.#questions.refused(request, new WakesocketError(code, message));
  }

  /**
   * @param {SharedPort} port
   * @param {Extract<FromWorker, {type: "ask"}>} message
   */
  async #answer(port, { ask, fresh, attempt }) {
    try {
      port.post({ type: "address", ask, href: await this.#page.url({ fresh, attempt }) });
    } catch (thrown) {
      port.post({ type: "address", ask, reason: messageOf(thrown) });
    }
  }

  #freeze = () => this.away();

  /** @param {number} deadline on performance.now() */
  #deliver = (deadline) => {
    this.#delivery.deliver(Math.max(deadline, performance.now() + deliveringTime));
    return this.#delivery.waiting;
  };
}

/**
 * The topics of a tab, as the worker is told of them.
 * @param {import("./boundary.js").Settings} settings
 * @returns {string[] | undefined}
 */
function namesOf({ topics, none }) {
  return topics && (topics.length > 0 || none ? [...topics] : [all]);
}
