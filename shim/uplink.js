// @ts-check
import { errorOf, isHello, limitsOf } from "./control-frames.js";
import { WakesocketError } from "./error.js";
import { Outbox } from "./outbox.js";
import { Requests } from "./requests.js";
import { TopicChanges, everything } from "./topic-changes.js";

/** @typedef {import("./topic-changes.js").Topics} Topics */
/** @typedef {import("./shim.d.ts").AddOptions} AddOptions */
/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */

/**
 * @typedef {object} Link
 * @property {(generation: number, text: string) => boolean} write whether the socket accepted it
 * @property {(generation: number) => void} redial the socket must be replaced by one with the new topics in its address
 * @property {(error: WakesocketError) => void} error
 * @property {(events: FeedEvent[], got: () => void) => void} newest events of topics that are wanted in their newest one only; got: when the page has them
 */

/** @typedef {Link & import("./topic-changes.js").Owner} Owner */

/**
 * What is known of the server of one socket.
 * @typedef {object} Peer
 * @property {Topics} topics that it was told
 * @property {Topics} dialed the topics in its address
 * @property {boolean} later it waits for the list
 * @property {boolean} hello
 * @property {boolean} answers it knows requests
 * @property {boolean} resumed it was asked what has no answer yet
 * @property {unknown} limits
 */

/**
 * What the page tells the server: its topics, its questions and its messages. Each
 * socket may have been dialed with other topics, and each server has limits of its
 * own.
 */
export class Uplink {
  #owner;
  #topicsChanged = false;
  #live = 0;
  #isLive = false;
  /** @type {Map<number, Peer>} by generation */
  #peers = new Map();
  #requests = new Requests();
  #topics;
  #latest;
  #outbox;

  /**
   * @param {Owner} owner
   * @param {Topics} topics
   * @param {import("./latest.js").Latest} [latest] undefined: the server sends every event
   * @param {boolean} [none] whether an empty list of topics stands for none, not for all
   */
  constructor(owner, topics, latest, none) {
    this.#owner = owner;
    this.#latest = latest;
    this.#topics = new TopicChanges(topics, this.#requests, owner, latest, none);
    this.#outbox = new Outbox((text) => owner.write(this.#live, text), owner.error, this.#topics);
  }

  /**
   * A socket is being made.
   * @param {number} generation
   * @returns {{topics: Topics, later: boolean, query: [string, string][]}} for its address; later: the list comes in the first message
   */
  dialed(generation) {
    const { list: topics, later } = this.#topics;
    this.#peers.set(generation, { topics, dialed: topics, later, hello: false, answers: false, resumed: false, limits: undefined });
    this.#hold();
    return { topics: later ? [] : topics, later, query: this.#latest?.query(later ? [] : (topics ?? [])) ?? [] };
  }

  /**
   * @param {number} generation
   * @param {Record<string, any>} frame
   * @returns {boolean} whether it was the answer to a request
   */
  control(generation, frame) {
    const peer = this.#peers.get(generation);
    if (peer && frame.wakesocket === "latest") this.#newest(generation, frame);
    if (!peer || !isHello(frame)) return generation === this.#live && this.#requests.answer(frame);
    peer.hello = true;
    const gap = this.#latest?.hello(generation, frame);
    if (gap) this.#owner.gap(gap);
    peer.limits = frame.limits;
    peer.answers = limitsOf(frame.limits).history < Infinity;
    if (generation === this.#live) this.#outbox.setLimits(frame.limits);
    if (peer.later && peer.answers) {
      peer.later = false;
      peer.topics = this.#topics.list;
      for (const text of this.#topics.frames(limitsOf(peer.limits).message)) this.#owner.write(generation, text);
    }
    this.#resume(peer, generation);
    return false;
  }

  /** @param {number} generation */
  ended(generation) {
    this.#peers.delete(generation);
    this.#latest?.ended(generation);
    if (generation === this.#live) this.#topics.pause();
    this.#hold();
    this.#tellSoon();
  }

  /**
   * @param {number} generation of the socket that delivers, 0 for none
   * @param {boolean} live
   */
  state(generation, live) {
    if (generation !== this.#live) {
      this.#live = generation;
      this.#topics.pause();
      this.#outbox.reset();
      const peer = this.#peers.get(generation);
      this.#outbox.setLimits(peer?.limits);
      if (peer) this.#resume(peer, generation);
    }
    this.#isLive = live;
    this.#hold();
    this.#tellTopics();
    this.#outbox.setOpen(live);
  }

  /**
   * @param {string} text
   * @returns {boolean} whether it was sent, or will be soon
   */
  send(text) {
    return this.#outbox.send(text);
  }

  /**
   * Replaces the topics. Several changes in a row are sent as one.
   * @param {readonly string[]} topics
   * @param {import("./topic-changes.js").AddWaiter} [waiter] who hears of it, if not the page
   */
  setTopics(topics, waiter) {
    const wrong = this.#outbox.tooMany(topics.length);
    if (wrong) return waiter ? waiter.reject(wrong) : this.#owner.error(wrong);
    this.#topics.set(topics, waiter);
    this.#tellSoon();
  }

  /**
   * @param {readonly string[]} topics
   * @param {AddOptions} options
   * @param {{reader?: import("./topic-changes.js").Reader, followed: import("./topic-changes.js").Followed}} [one] who adds them, if not the page
   * @returns {Promise<string>} from where they are followed
   */
  addTopics(topics, options, one) {
    return new Promise((resolve, reject) => {
      const { list } = this.#topics;
      const wrong = list && list !== everything && this.#outbox.tooMany(new Set([...list, ...topics]).size);
      if (wrong) return reject(wrong);
      this.#topics.add(topics, options, { resolve, reject, followed: one?.followed }, one?.reader);
      this.#tellSoon();
    });
  }

  /**
   * @param {readonly string[]} topics
   * @returns {Promise<string>} from where they are followed no longer
   */
  removeTopics(topics) {
    return new Promise((resolve, reject) => {
      this.#topics.remove(topics, { resolve, reject });
      this.#tellSoon();
    });
  }

  /**
   * @param {{topic: string, limit?: number, before?: string}} question
   * @returns {Promise<import("./shim.d.ts").History>}
   */
  history(question) {
    return new Promise((resolve, reject) => {
      /** @type {FeedEvent[]} */
      const events = [];
      const number = this.#requests.add({
        frame: { wakesocket: "history", ...question },
        events: (list) => events.push(...list),
        waiter: {
          resolve: (frame) => {
            if (frame.wakesocket === "error") reject(errorOf(frame));
            else resolve({ events, from: `${frame.from}`, complete: frame.complete === true });
          },
          reject,
        },
      });
      this.#topics.ask(number);
      this.#tellSoon();
    });
  }

  /** All sockets are gone. */
  reset() {
    this.#live = 0;
    this.#topics.pause();
    this.#peers.clear();
    this.#hold();
    this.#outbox.reset();
  }

  /** @param {WakesocketError} error why nothing will be answered any more */
  fail(error) {
    this.#topics.fail(error);
    this.#requests.fail(error);
  }

  /**
   * A socket whose server answers requests is the one that delivers.
   * @param {Peer} peer
   * @param {number} generation
   */
  #resume(peer, generation) {
    if (!peer.answers || peer.resumed || generation !== this.#live) return;
    peer.resumed = true;
    const { list } = this.#topics;
    this.#topics.resume(list === undefined || peer.topics === list, limitsOf(peer.limits).message);
    peer.topics = list;
  }

  /**
   * @param {number} generation
   * @param {Record<string, any>} frame
   */
  #newest(generation, { events, at, gap }) {
    if (gap) this.#owner.gap({ after: `${gap.after}`, earliest: `${gap.earliest}`, reason: gap.reason });
    this.#owner.newest(this.#latest?.take(generation, events) ?? [], () => this.#latest?.moved(at));
  }

  #tellSoon() {
    if (this.#topicsChanged) return;
    this.#topicsChanged = true;
    queueMicrotask(() => {
      this.#topicsChanged = false;
      this.#tellTopics();
      this.#outbox.sendTopics();
    });
  }

  /** Changes of topics wait while another socket beside the live one is being made. */
  #hold() {
    this.#topics.held = this.#peers.size > 1;
  }

  /** The live socket may have been dialed before the topics changed. */
  #tellTopics() {
    const peer = this.#peers.get(this.#live);
    if (!peer || peer.answers || !this.#isLive || this.#topics.held) return;
    const { list } = this.#topics;
    const told = list === undefined || peer.topics === list;
    peer.topics = list;
    if (told) this.#topics.settle(list === undefined || peer.dialed === list);
    else if (peer.hello) this.#topics.tell();
    else this.#owner.redial(this.#live); // a plain server knows topics from its address only
  }
}
