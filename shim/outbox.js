// @ts-check
import { limitsOf } from "./control-frames.js";
import { WakesocketError } from "./error.js";
import { Queue } from "./queue.js";
import { RateLimiter } from "./rate-limiter.js";

/** Messages that may wait for their turn; a page that sends faster for longer must slow down. */
const maxWaiting = 1000;

/**
 * What the page sends to one connection, within the limits that its feed told.
 * Messages beyond the rate wait for their turn.
 */
export class Outbox {
  #write;
  #failed;
  #limits = limitsOf(undefined);
  #limiter = new RateLimiter(Infinity, Infinity);
  /** @type {Queue<string>} */
  #messages = new Queue();
  #topics;
  #open = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {(text: string) => boolean} write whether the socket accepted it
   * @param {(error: WakesocketError) => void} failed
   * @param {import("./topic-changes.js").TopicChanges} topics what goes out before the messages that wait
   */
  constructor(write, failed, topics) {
    this.#write = write;
    this.#failed = failed;
    this.#topics = topics;
  }

  /** @param {unknown} limits of the feed's hello */
  setLimits(limits) {
    this.#limits = limitsOf(limits);
    this.#limiter = new RateLimiter(this.#limits.rate, this.#limits.burst);
  }

  /**
   * Messages go out only while the connection is live; they wait while it is
   * checked.
   * @param {boolean} open
   */
  setOpen(open) {
    this.#open = open;
    this.#flush();
  }

  /**
   * @param {string} text
   * @returns {boolean} false when it will not be sent
   */
  send(text) {
    if (!this.#open) return false;
    const { message } = this.#limits;
    // A character is at most three bytes, so that most messages need not be measured.
    const bytes = text.length * 3 > message ? new Blob([text]).size : 0;
    if (bytes > message) {
      this.#failed(new WakesocketError("message-too-large", `a message of ${bytes} bytes was not sent: the server accepts at most ${message}`));
      return false;
    }
    if (this.#messages.length >= maxWaiting) {
      const text = `a message was not sent: ${maxWaiting} others wait already, because the server accepts ${this.#limits.rate} a second`;
      this.#failed(new WakesocketError("too-many-messages", text));
      return false;
    }
    this.#messages.push(text);
    this.#flush();
    return true;
  }

  /** There may be something to send about the topics. */
  sendTopics() {
    this.#flush();
  }

  /**
   * What is wrong with so many topics.
   * @param {number} count
   */
  tooMany(count) {
    const most = this.#limits.topics;
    if (count <= most) return undefined;
    return new WakesocketError("too-many-topics", `the topics stay as they are: ${count} were asked for, and the server accepts at most ${most}`);
  }

  /** The connection is gone, and with it whatever waits. */
  reset() {
    const lost = this.#messages.length;
    this.#messages.clear();
    this.#open = false;
    clearTimeout(this.#timer);
    this.setLimits(undefined);
    if (lost > 0) {
      const text = `the connection was lost before ${lost} of the messages that send() accepted were sent; send them again when the feed is live`;
      this.#failed(new WakesocketError("messages-lost", text));
    }
  }

  #flush() {
    clearTimeout(this.#timer);
    while (this.#open && (this.#topics.waiting || this.#messages.length > 0)) {
      const wait = this.#limiter.take();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#flush(), wait);
        return;
      }
      const text = this.#topics.waiting ? this.#topics.take(this.#limits.message) : this.#messages.shift();
      if (text !== undefined) this.#write(text);
    }
  }
}
