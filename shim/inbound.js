// @ts-check
import { Delivery } from "./delivery.js";
import { Pump } from "./pump.js";
import { schedule } from "./slices.js";

/** How long reading and delivering may take in one task, in milliseconds each: together half a frame. */
const readingTime = 4;
const deliveringTime = 4;
/** While events wait, what arrives is read this often: each reading costs a call into Go. */
const readEvery = 16;

/**
 * The way of frames to the page. They are read as soon as possible, so that the
 * session knows what has arrived; the page gets their events in pieces, so that
 * the browser can render.
 */
export class Inbound {
  /** @readonly */
  pump;
  /** @readonly */
  delivery;
  #lastRead = -Infinity;

  /**
   * @param {import("./pump.js").Out} out
   * @param {import("./delivery.js").Receiver} receiver
   */
  constructor(out, receiver) {
    const soon = () => schedule(this.#work);
    this.pump = new Pump(out, soon);
    this.delivery = new Delivery(receiver, soon);
  }

  clear() {
    this.pump.clear();
    this.delivery.clear();
  }

  /**
   * @param {number} deadline on performance.now()
   * @returns {boolean} whether something is left to do
   */
  #work = (deadline) => {
    const { pump, delivery } = this;
    do {
      const now = performance.now();
      if (pump.waiting > 0 && (!delivery.waiting || now >= this.#lastRead + readEvery)) {
        pump.read(now + readingTime);
        this.#lastRead = performance.now();
      }
      delivery.deliver(Math.max(deadline, performance.now() + deliveringTime));
    } while (pump.waiting > 0 && performance.now() < deadline);
    return pump.waiting > 0 || delivery.waiting;
  };
}
