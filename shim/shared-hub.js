// @ts-check
import { fromTab, protocol } from "./shared-protocol.js";
import { Silence, hold, locks, watchHolder } from "./shared-presence.js";
import { SharedFeed } from "./shared-feed.js";

/** @typedef {import("./shared-protocol.js").FromTab} FromTab */
/** @typedef {import("./shared-protocol.js").FromWorker} FromWorker */
/** @typedef {import("./shared-protocol.js").Join} Join */

/** How often the worker looks at its clock. A tick that is late by as much again was asleep. */
const clockEvery = 5_000;

/**
 * @typedef {object} Surroundings
 * @property {string} build
 * @property {(wasm: string) => import("./engine-loader.js").EngineLoader} loader
 * @property {import("./shared-feed.js").Limits} [limits] of each feed
 */

/** All shared feeds of an origin, and the tabs that take part in them. */
export class Hub {
  #surroundings;
  /** @type {Map<string, SharedFeed>} */
  #feeds = new Map();
  /** @type {Promise<string | undefined>} the name of a lock that the worker holds */
  #lock;

  /** @param {Surroundings} surroundings */
  constructor(surroundings) {
    this.#surroundings = surroundings;
    const name = `wakesocket worker ${crypto.randomUUID?.() ?? Math.random()}`;
    this.#lock = locks()
      ? hold(name).then(
          () => name,
          () => undefined,
        )
      : Promise.resolve(undefined);
  }

  /** How many feeds have tabs. */
  get size() {
    return this.#feeds.size;
  }

  /**
   * Looks at the clock from now on: a sleep ends without any event in a worker.
   * @returns {() => void} ends it
   */
  watchClock() {
    let [mono, wall] = [performance.now(), Date.now()];
    const timer = setInterval(() => {
      const late = Math.max(performance.now() - mono, Date.now() - wall) > 2 * clockEvery;
      [mono, wall] = [performance.now(), Date.now()];
      if (late) this.wake();
    }, clockEvery);
    return () => clearInterval(timer);
  }

  wake() {
    for (const feed of this.#feeds.values()) feed.wake();
  }

  /** @param {boolean} on what the browser believes of its network */
  online(on) {
    for (const feed of this.#feeds.values()) feed.online(on);
  }

  /**
   * A tab has come. Its first message says what it wants.
   * @param {MessagePort} port
   */
  connect(port) {
    /** @param {FromWorker} message */
    const send = (message) => port.postMessage(message);
    /** @param {string} reason @param {boolean} [again] */
    const refuse = (reason, again = false) => send({ type: "refused", reason, again });
    /** @type {Tab | undefined} */
    let tab;
    port.onmessage = ({ data }) => {
      const message = fromTab(data);
      if (!message) {
        refuse(`the shared worker (${this.#surroundings.build}) does not understand a message of this tab`);
        tab?.end();
      } else if (message.type === "join") {
        const wrong = this.#mismatch(message);
        if (wrong) refuse(wrong);
        else tab ??= this.#join(send, message);
      } else if (tab && !tab.ended) {
        tab.hear(message);
      } else if (message.type !== "leave") {
        refuse("the shared worker took this tab for gone", true);
      }
    };
  }

  /**
   * @param {Join} join
   * @returns {string} why the tab cannot take part; "" when it can
   */
  #mismatch({ protocol: spoken, build }) {
    if (spoken === protocol && build === this.#surroundings.build) return "";
    return `the shared worker is of build ${this.#surroundings.build} and this tab of ${build}; serve shared-worker.js and the shim of one build, and load older tabs again`;
  }

  /**
   * @param {(message: FromWorker) => void} send
   * @param {Join} message
   */
  #join(send, message) {
    const { key } = message;
    let feed = this.#feeds.get(key);
    if (!feed) {
      feed = new SharedFeed(message, this.#surroundings.loader(message.wasm), this.#surroundings.limits);
      this.#feeds.set(key, feed);
    }
    this.#lock.then((lock) => send(welcome(this.#surroundings.build, lock)));
    return new Tab(send, message, feed, () => {
      if (feed.empty && this.#feeds.get(key) === feed) this.#feeds.delete(key);
    });
  }
}

/** @param {string} build @param {string | undefined} lock @returns {FromWorker} */
function welcome(build, lock) {
  return lock === undefined ? { type: "welcome", protocol, build } : { type: "welcome", protocol, build, lock };
}

/** A tab that takes part in a feed, until it leaves or is gone. */
class Tab {
  ended = false;
  #feed;
  #member;
  #left;
  /** @type {(() => void)} */
  #unwatch;
  #silence;

  /**
   * @param {(message: FromWorker) => void} send
   * @param {Join} message
   * @param {SharedFeed} feed
   * @param {() => void} left
   */
  constructor(send, message, feed, left) {
    this.#feed = feed;
    this.#left = left;
    this.#member = feed.join(send, message);
    if (message.lock !== undefined && locks()) {
      this.#unwatch = watchHolder(message.lock, () => this.end());
    } else {
      const silence = new Silence(
        () => send({ type: "ping" }),
        () => this.end(),
      );
      this.#silence = silence;
      this.#unwatch = () => silence.end();
    }
  }

  /** @param {Exclude<FromTab, Join>} message */
  hear(message) {
    this.#silence?.heard();
    if (message.type === "leave") this.end();
    else if (message.type !== "alive") this.#feed.hear(this.#member, message);
  }

  end() {
    if (this.ended) return;
    this.ended = true;
    this.#unwatch();
    this.#feed.leave(this.#member);
    this.#left();
  }
}
