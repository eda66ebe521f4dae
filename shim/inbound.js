// @ts-check
import { Delivery } from "./delivery.js";
import { Pump } from "./pump.js";
import { schedule } from "./slices.js";

/** While both wait, reading gets this part of a task, in milliseconds: half of it. */
const readingTime = 4;

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
      pump.read(Math.min(deadline, performance.now() + readingTime));
      delivery.deliver(deadline);
    } while (pump.waiting > 0 && performance.now() < deadline);
    return pump.waiting > 0 || delivery.waiting;
  };
}
