// @ts-check
import { messageOf } from "./error.js";
import { Silence, hold, locks, watchHolder } from "./shared-presence.js";
import { fromWorker, protocol } from "./shared-protocol.js";
import { trustedURL } from "./trusted-url.js";

/** @typedef {import("./shared-protocol.js").FromTab} FromTab */
/** @typedef {import("./shared-protocol.js").FromWorker} FromWorker */
/** @typedef {import("./shared-protocol.js").Join} Join */

/** How long the worker may take to answer, in milliseconds. Its script has to be loaded first. */
const startTime = 10_000;
/** A worker that dies sooner than this is not started again. */
const soundAfter = 10_000;

/**
 * @typedef {object} Owner
 * @property {(message: FromWorker) => void} hear
 * @property {() => void} again the worker is gone, or took this tab for gone: join anew
 * @property {(reason: string) => void} failed there is no worker that could be used; says what to do
 */

/** A tab's way to the shared worker, from joining to leaving. */
export class SharedPort {
  #href;
  #build;
  #owner;
  /** @type {MessagePort | undefined} */
  #port;
  /** @type {FromTab[]} what is said before there is a worker to hear it */
  #early = [];
  #left = false;
  #welcomedAt = Infinity;
  /** @type {(() => void)[]} what to undo when the tab leaves */
  #ends = [];
  /** @type {Silence | undefined} */
  #silence;

  /**
   * @param {string | URL} href of shared-worker.js
   * @param {string} build of this tab; a worker of another build is another worker
   * @param {Owner} owner
   */
  constructor(href, build, owner) {
    this.#href = String(href);
    this.#build = build;
    this.#owner = owner;
  }

  /** @param {Omit<Join, "type" | "protocol" | "build" | "lock">} wish */
  join(wish) {
    // Whatever the browser forbids: a tab that cannot share must not wait for ever.
    return this.#join(wish).catch((thrown) => this.#fail(`sharing failed (${messageOf(thrown)})`));
  }

  /** @param {Omit<Join, "type" | "protocol" | "build" | "lock">} wish */
  async #join(wish) {
    if (typeof SharedWorker !== "function") {
      this.#fail("this browser has no SharedWorker; nothing needs to be done, the tab has a connection of its own");
      return;
    }
    if (globalThis.origin === "null") {
      this.#fail("a document without an origin cannot share; if it is in a frame with sandbox, add allow-same-origin");
      return;
    }
    const lock = await this.#hold();
    if (this.#left) return;
    this.#watchPolicy();
    const { href, forbidden } = trustedURL(this.#href);
    try {
      const worker = new SharedWorker(href, { name: `wakesocket ${this.#build}`, type: "module" });
      worker.onerror = (event) =>
        this.#fail(`${this.#href} cannot be started (${/** @type {ErrorEvent} */ (event).message || "it cannot be loaded, or not be run"}); ${advice}`);
      this.#port = worker.port;
    } catch (thrown) {
      this.#fail(`${this.#href} cannot be started (${messageOf(thrown)}); ${forbidden || advice}`);
      return;
    }
    const timer = setTimeout(() => this.#fail(`${this.#href} has not answered in ${startTime / 1000} s; ${advice}`), startTime);
    this.#ends.push(() => clearTimeout(timer));
    this.#port.onmessage = ({ data }) => this.#hear(fromWorker(data), timer);
    this.post({ type: "join", protocol, build: this.#build, ...wish, ...(lock === undefined ? {} : { lock }) });
    for (const message of this.#early.splice(0)) this.post(message);
  }

  /** @param {FromTab} message */
  post(message) {
    if (this.#left) return;
    if (this.#port) this.#port.postMessage(message);
    else this.#early.push(message);
  }

  leave() {
    if (this.#left) return;
    this.post({ type: "leave" });
    this.#end();
  }

  #end() {
    this.#left = true;
    for (const end of this.#ends) end();
    if (this.#port) this.#port.onmessage = null;
  }

  /** @param {string} reason */
  #fail(reason) {
    if (this.#left) return;
    this.leave();
    this.#owner.failed(reason);
  }

  #again() {
    if (this.#left) return;
    this.#end();
    if (performance.now() - this.#welcomedAt < soundAfter)
      this.#owner.failed("the shared worker ended soon after it had started; look for the cause in its console");
    else this.#owner.again();
  }

  /** @returns {Promise<string | undefined>} the lock by which the worker sees that this tab lives */
  async #hold() {
    if (!locks()) return undefined;
    const name = `wakesocket tab ${crypto.randomUUID?.() ?? Math.random()}`;
    try {
      const release = await hold(name);
      if (this.#left) release();
      else this.#ends.push(release);
      return name;
    } catch {
      return undefined; // the browser forbids it, as in a sandboxed frame
    }
  }

  /** Only this event tells that the page's policy is the reason. */
  #watchPolicy() {
    const { document } = globalThis;
    /** @param {SecurityPolicyViolationEvent} event */
    const violated = ({ disposition, effectiveDirective }) => {
      if (disposition === "report" || !/^(worker|child|script)-src/.test(effectiveDirective)) return;
      if (this.#welcomedAt === Infinity) this.#fail(`the page's Content-Security-Policy forbids ${this.#href}; add worker-src 'self'`);
    };
    document?.addEventListener("securitypolicyviolation", violated);
    this.#ends.push(() => document?.removeEventListener("securitypolicyviolation", violated));
  }

  /**
   * @param {FromWorker | undefined} message
   * @param {ReturnType<typeof setTimeout>} timer of the start
   */
  #hear(message, timer) {
    this.#silence?.heard();
    if (!message) {
      this.#fail(`a message of the shared worker cannot be understood; it is of another build: ${advice}`);
      return;
    }
    switch (message.type) {
      case "refused":
        if (!message.again) return this.#fail(message.reason);
        this.#end();
        return this.#owner.again();
      case "ping":
        return this.post({ type: "alive" });
      case "welcome":
        clearTimeout(timer);
        this.#welcomedAt = performance.now();
        this.#watchWorker(message.lock);
    }
    this.#owner.hear(message);
  }

  /** @param {string | undefined} lock that the worker holds */
  #watchWorker(lock) {
    if (lock !== undefined && locks()) {
      this.#ends.push(watchHolder(lock, () => this.#again()));
      return;
    }
    const silence = new Silence(
      () => {},
      () => this.#again(),
    );
    this.#silence = silence;
    this.#ends.push(() => silence.end());
  }
}

const advice = "serve shared-worker.js of the same build beside the shim, or set the option workerURL to where it is, on the page's own origin";
