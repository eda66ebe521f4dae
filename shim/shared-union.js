// @ts-check
import { Coverage, driverTopics } from "./shared-topics.js";

/** @typedef {import("./shared-member.js").Member} Member */
/** @typedef {import("./topic-changes.js").Followed} Followed */

/**
 * @typedef {object} Owner
 * @property {ReadonlySet<Member>} members
 * @property {import("./shared-ring.js").Ring} ring
 * @property {() => import("./driver.js").Driver} driver
 * @property {(member: Member, message: import("./shared-protocol.js").FromWorker) => void} reply
 * @property {() => void} pump
 */

/**
 * Who changed the topics.
 * @typedef {{member?: Member, before?: readonly string[]}} Cause before: those of the tab until then, undefined when it joins
 */

/** The topics that all tabs of a feed want together, and what the server is asked for. */
export class Union {
  #coverage;
  #owner;
  #linger;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #narrowing;
  /** The server does not say which topics it follows. */
  #unsure = false;

  /**
   * @param {ReadonlySet<string>} names that the first dial asks for
   * @param {number} linger for how long topics that no tab wants any more are still asked for, in milliseconds
   * @param {Owner} owner
   */
  constructor(names, linger, owner) {
    this.#coverage = new Coverage(names);
    this.#linger = linger;
    this.#owner = owner;
  }

  /** @param {ReadonlySet<string>} names */
  from(names) {
    return this.#coverage.from(names);
  }

  /** @param {string} topic of an event that is about to enter the ring */
  seen(topic) {
    if (this.#unsure) this.#coverage.seen(topic, this.#owner.ring.end);
  }

  /** A new connection is live. */
  connected() {
    if (this.from(this.#coverage.names) === Infinity) this.#ask(); // they are in its address
  }

  /** @param {Member} member that is not the first */
  join(member) {
    if (!this.#changed({ member }) && member.waits) this.#ask();
  }

  /** @param {Member} member @param {readonly string[]} topics that take the place of all others */
  set(member, topics) {
    const before = [...member.names];
    member.setTopics(topics);
    this.#changed({ member, before });
  }

  /**
   * @param {Member} member
   * @param {Extract<import("./shared-protocol.js").FromTab, {type: "add"}>} message
   */
  add(member, { request, topics, options }) {
    const { members, driver, reply } = this.#owner;
    member.additions.ask(request, topics);
    this.#want();
    const covered = this.#followed(this.#coverage.list);
    /** @type {Followed} */
    const followed = (at, known, names) => {
      if (members.has(member)) member.followed(request, at);
      covered(at, known, names);
    };
    driver()
      .addTopics(topics, options, { reader: member.additions.reader, followed })
      .catch(({ code, message }) => {
        member.additions.refused(request);
        reply(member, { type: "refusal", request, code, message });
        this.#want();
        this.#tell(); // the driver has dropped those that were refused; other tabs may want some of them
      });
  }

  /** A tab wants less. Another one may want it soon: tabs are loaded again. */
  narrowLater() {
    this.#narrowing ??= setTimeout(() => {
      this.#narrowing = undefined;
      this.#changed();
    }, this.#linger);
  }

  /** No tab is left. */
  end() {
    this.#narrowNow();
  }

  #narrowNow() {
    clearTimeout(this.#narrowing);
    this.#narrowing = undefined;
  }

  /**
   * @param {Cause} [cause]
   * @returns {boolean} whether the server is asked for another list
   */
  #changed(cause) {
    const changed = this.#want();
    if (changed) this.#tell(cause);
    return changed;
  }

  /** @returns {boolean} whether the list for the server is another one */
  #want() {
    const lists = [...this.#owner.members].map(({ wanted }) => wanted);
    if (this.#narrowing !== undefined) lists.push(this.#coverage.names);
    return this.#coverage.want(lists);
  }

  /** @param {Cause} [cause] */
  #tell(cause) {
    const { topics, none } = driverTopics(this.#coverage.names);
    const followed = this.#followed(this.#coverage.list);
    if (!none) this.#owner.driver().topics(topics, { followed, resolve() {}, reject: (error) => this.#refused(error, cause) });
  }

  /** Asks the server whether it follows what it was asked for. */
  #ask() {
    const followed = this.#followed(this.#coverage.list);
    this.#owner
      .driver()
      .addTopics([], {}, { followed })
      .catch(() => {}); // the feed has ended, or has too much to ask already
  }

  /**
   * @param {number} list of topics
   * @returns {Followed} what to do when the server follows them
   */
  #followed(list) {
    const { members, ring, driver, pump } = this.#owner;
    return (at, known, topics) => {
      // Who begins here is told this position, so it must be that of the ring.
      this.#unsure = !known || at !== driver().cursor;
      if (!this.#unsure) this.#coverage.followed(topics, list, ring.end);
      else for (const member of members) member.catchUp();
      pump();
    };
  }

  /**
   * The server, or its limits, do not allow the topics of all tabs together.
   * @param {import("./error.js").WakesocketError} error
   * @param {Cause} [cause]
   */
  #refused({ code, message }, cause = {}) {
    const { members, reply, pump } = this.#owner;
    const { member, before } = cause;
    if (code === "closed") return;
    if (code === "failed") return this.#tell(cause); // when a tab tries again
    if (member && members.has(member)) {
      if (before) reply(member, { type: "error", code, message });
      else reply(member, { type: "refused", reason: `beside those of other tabs, ${message}`, again: false });
      this.#narrowNow();
      member.setTopics(before ?? []);
      this.#want();
      this.#tell();
    } else {
      for (const one of members) one.catchUp();
    }
    pump();
  }
}
