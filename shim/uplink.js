// @ts-check
import { isHello } from "./control-frames.js";
import { Outbox } from "./outbox.js";

/** @typedef {import("./error.js").WakesocketError} WakesocketError */
/** @typedef {readonly string[] | undefined} Topics undefined: those in the page's address, if any */

/**
 * @typedef {object} Owner
 * @property {(generation: number, text: string) => boolean} write whether the socket accepted it
 * @property {(generation: number) => void} redial the socket must be replaced by one with the new topics in its address
 * @property {(error: WakesocketError) => void} error
 */

/**
 * What the page tells the server: its topics and its messages. Each socket may
 * have been dialed with other topics, and each server has limits of its own.
 */
export class Uplink {
  #owner;
  #topics;
  #topicsChanged = false;
  #live = 0;
  /** @type {Map<number, {topics: Topics, hello: boolean, limits: unknown}>} by generation: what its server knows and told */
  #peers = new Map();
  #outbox;

  /**
   * @param {Owner} owner
   * @param {Topics} topics
   */
  constructor(owner, topics) {
    this.#owner = owner;
    this.#topics = topics;
    this.#outbox = new Outbox((text) => owner.write(this.#live, text), owner.error);
  }

  /**
   * A socket is being made.
   * @param {number} generation
   * @returns {Topics} for its address
   */
  dialed(generation) {
    this.#peers.set(generation, { topics: this.#topics, hello: false, limits: undefined });
    return this.#topics;
  }

  /**
   * @param {number} generation
   * @param {Record<string, unknown>} frame
   */
  control(generation, frame) {
    const peer = this.#peers.get(generation);
    if (!peer || !isHello(frame)) return;
    peer.hello = true;
    peer.limits = frame.limits;
    if (generation === this.#live) this.#outbox.setLimits(frame.limits);
  }

  /** @param {number} generation */
  ended(generation) {
    this.#peers.delete(generation);
  }

  /**
   * @param {number} generation of the socket that delivers, 0 for none
   * @param {boolean} live
   */
  state(generation, live) {
    if (generation !== this.#live) {
      this.#live = generation;
      this.#outbox.reset();
      this.#outbox.setLimits(this.#peers.get(generation)?.limits);
    }
    this.#outbox.setOpen(live);
    this.#tellTopics();
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
   */
  setTopics(topics) {
    if (!this.#outbox.allows(topics)) return;
    this.#topics = topics;
    if (this.#topicsChanged) return;
    this.#topicsChanged = true;
    queueMicrotask(() => {
      this.#topicsChanged = false;
      this.#tellTopics();
    });
  }

  /** All sockets are gone. */
  reset() {
    this.#live = 0;
    this.#peers.clear();
    this.#outbox.reset();
  }

  /** The live socket may have been dialed before the topics changed. */
  #tellTopics() {
    const peer = this.#peers.get(this.#live);
    if (!peer || !this.#topics || peer.topics === this.#topics) return;
    peer.topics = this.#topics;
    if (peer.hello) this.#outbox.sendTopics(this.#topics);
    else this.#owner.redial(this.#live); // a plain server knows topics from its address only
  }
}
