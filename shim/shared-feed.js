// @ts-check
import { clientID } from "./client-id.js";
import { Driver } from "./driver.js";
import { eventDelivered } from "./engine-start.js";
import { Addresses } from "./shared-addresses.js";
import { CatchUp } from "./shared-catchup.js";
import { entryOf, gapEntry, moveTo } from "./shared-entry.js";
import { Member } from "./shared-member.js";
import { Ring, sizeOf } from "./shared-ring.js";
import { driverTopics, wantedTopics } from "./shared-topics.js";
import { Union } from "./shared-union.js";
import { isConnected } from "./shown-state.js";

/** @typedef {import("./shared-protocol.js").FromTab} FromTab */
/** @typedef {import("./shared-protocol.js").FromWorker} FromWorker */
/** @typedef {import("./shared-protocol.js").Join} Join */
/** @typedef {import("./boundary.js").Status} Status */

/**
 * - ringBytes: how much of a feed is kept for tabs that join or are slow
 * - topicsLinger: how long topics that no tab wants any more are still asked for, in
 *   milliseconds: tabs are loaded again
 * @typedef {{ringBytes: number, topicsLinger: number}} Limits
 */

/** @type {Limits} */
const usualLimits = { ringBytes: 4 * 1024 * 1024, topicsLinger: 5_000 };

/**
 * One connection for all tabs that want the same feed, and what each tab gets of
 * it. The first tab makes it; when the last one leaves, it is closed in order.
 */
export class SharedFeed {
  /** @type {Status} */
  status = { name: "connecting", since: Date.now(), attempt: 0, retryAt: null, cause: "" };
  /** @readonly */
  ring;
  /** @type {Set<Member>} those that became visible last come last */
  #members = new Set();
  /** @type {Map<Member, (message: FromWorker) => void>} */
  #sends = new Map();
  #union;
  #settings;
  #url;
  #driver;
  #addresses = new Addresses(() => [...this.#members].reverse());
  /** Of the entry that came last. */
  #position;
  /** How many bytes have come since the tabs were sent any. */
  #unsent = 0;
  #unguarded = "";
  /** The last hello, and when it came on performance.now(). @type {{frame: Record<string, unknown>, at: number} | undefined} */
  #hello;
  /** @type {Record<string, unknown> | undefined} limits that came after the hello */
  #fresh;
  /** @type {Member | undefined} the one whose call is being done */
  #caller;
  /** @type {Set<Member>} whose messages may still wait */
  #senders = new Set();

  /**
   * @param {Join} first what the first tab says
   * @param {import("./engine-loader.js").EngineLoader} loader
   * @param {Limits} [limits]
   */
  constructor(first, loader, { ringBytes, topicsLinger } = usualLimits) {
    const { tuning, client, topics, addressTopics, after, visible, online, url } = first;
    this.#url = url;
    this.#position = after;
    this.ring = new Ring(ringBytes, after);
    const names = wantedTopics(topics, addressTopics);
    this.#union = new Union(names, topicsLinger, {
      members: this.#members,
      ring: this.ring,
      driver: () => this.#driver,
      reply: (member, message) => this.#reply(member, message),
      pump: () => this.#pump(),
    });
    this.#settings = { loader, client: client || clientID(), tuning, visible, online, after, ...driverTopics(names) };
    this.#driver = new Driver(
      {
        url: (context) => this.#ask(context),
        status: (status) => this.#changed(status),
        unguarded: (reason) => {
          this.#unguarded = reason;
          this.#tell({ type: "unguarded", reason });
        },
        deliver: (event, at) => this.#took(event, at),
        paused: () => this.#paused(),
        lagChanged() {}, // a lag is that of a tab
        gap: (gap) => this.ring.push(gapEntry(gap)),
        rtt: (ms) => {
          for (const member of this.#members) member.mention({ type: "rtt", ms });
        },
        control: (frame) => this.#control(frame),
        error: ({ code, message }) => this.#failed(code, message),
      },
      this.#settings,
    );
  }

  get cursor() {
    return this.#driver.cursor;
  }

  get empty() {
    return this.#members.size === 0;
  }

  /**
   * @param {(message: FromWorker) => void} send
   * @param {Join} message
   * @returns {Member}
   */
  join(send, message) {
    const member = new Member(send, message, this);
    this.#members.add(member);
    this.#sends.set(member, send);
    if (this.#members.size === 1) this.#driver.start();
    else this.#union.join(member);
    this.#look();
    if (this.#unguarded) send({ type: "unguarded", reason: this.#unguarded });
    if (this.#hello) send({ type: "control", frame: this.#helloNow(this.#hello) });
    if (this.#fresh) send({ type: "control", frame: this.#fresh });
    member.status(this.status);
    if (message.visible && this.status.name !== "live") this.#wake("wake");
    if (this.status.name === "failed") this.#driver.reconnect(); // a tab alone would try, too
    return member;
  }

  /** @param {Member} member */
  leave(member) {
    if (!this.#members.delete(member)) return;
    member.leave();
    this.#sends.delete(member);
    this.#senders.delete(member);
    this.#addresses.gone(member);
    if (this.empty) {
      this.#union.end();
      this.#driver.stop();
      return;
    }
    this.#look();
    this.#union.narrowLater();
  }

  /**
   * @param {Member} member
   * @param {Exclude<FromTab, {type: "join" | "leave" | "alive"}>} message
   */
  hear(member, message) {
    this.#caller = member;
    this.#do(member, message);
    this.#caller = undefined;
  }

  /** Time may have passed unseen. */
  wake() {
    this.#wake("wake");
  }

  /** @param {boolean} on */
  online(on) {
    this.#settings.online = on;
    this.#driver.online(on);
  }

  /** @param {string} position @param {ReadonlySet<string>} names */
  nextAfter(position, names) {
    const next = this.ring.after(position);
    return next !== undefined && next >= this.ring.first && next >= this.from(names) ? next : undefined;
  }

  /** @param {ReadonlySet<string>} names */
  from(names) {
    return this.#union.from(names);
  }

  /**
   * @param {import("./shared-catchup.js").Taker} taker
   * @param {string} after
   * @param {ReadonlySet<string>} names
   */
  catchUp(taker, after, names) {
    return new CatchUp(taker, (context) => this.#ask(context), { ...this.#settings, after, ...driverTopics(names) });
  }

  /** @param {FromWorker} message */
  #tell(message) {
    for (const send of this.#sends.values()) send(message);
  }

  /**
   * @param {Member} member
   * @param {Exclude<FromTab, {type: "join" | "leave" | "alive"}>} message
   */
  #do(member, message) {
    switch (message.type) {
      case "topics":
        this.#union.set(member, message.topics);
        return member.pump();
      case "add":
        return this.#union.add(member, message);
      case "remove":
        member.removeTopics(message.request, message.topics);
        return this.#union.narrowLater();
      case "history":
        this.#driver.history(message.question).then(
          ({ events, from, complete }) => this.#reply(member, { type: "answer", request: message.request, answer: { events, from, complete } }),
          (error) => this.#refuse(member, message.request, error),
        );
        return;
      case "send":
        this.#senders.add(member);
        if (this.status.name === "live" && this.#driver.send(message.text)) return;
        return this.#failed("messages-lost", "a message was not sent: the feed is not live, or does not take it; send it again when it is live");
      case "ack":
        return member.acknowledge(message.batch);
      case "visible":
        member.visible = message.on;
        if (message.on) {
          this.#members.delete(member);
          this.#members.add(member);
        }
        this.#look();
        // One more visible tab changes nothing for the session, but it is a sign of waking up.
        return message.on ? this.#wake("wake") : undefined;
      case "online":
        return this.online(message.on);
      case "wake":
        return this.#wake(message.kind === "network" ? "network" : "wake");
      case "reconnect":
        return this.#driver.reconnect();
      case "address":
        return this.#addresses.answered(member, message);
    }
  }

  /** @param {"wake" | "network"} kind */
  #wake(kind) {
    this.#driver.wake(kind);
    for (const member of this.#members) member.wake(kind);
  }

  /** Whether somebody looks at one of the tabs. */
  #look() {
    const visible = [...this.#members].some((member) => member.visible);
    if (visible === this.#settings.visible) return;
    this.#settings.visible = visible;
    this.#driver.visible(visible);
  }

  /** @param {Member} member @param {FromWorker} message */
  #reply(member, message) {
    this.#sends.get(member)?.(message);
  }

  /** @param {Member} member @param {number} request @param {unknown} error */
  #refuse(member, request, error) {
    const { code, message } = /** @type {import("./error.js").WakesocketError} */ (error);
    this.#reply(member, { type: "refusal", request, code, message });
  }

  /** @param {import("./shim.d.ts").URLContext} context */
  #ask(context) {
    return this.#url ?? this.#addresses.ask(context);
  }

  /** @param {Status} status */
  #changed(status) {
    if (status.name === "live" && !isConnected(this.status)) this.#union.connected();
    if (!isConnected(status)) this.#senders.clear();
    this.status = status;
    for (const member of [...this.#members]) member.status(status);
  }

  /**
   * @param {import("./shim.d.ts").FeedEvent} event
   * @param {number} at
   */
  #took(event, at) {
    eventDelivered(); // the engine may start
    const cursor = this.#driver.cursor;
    const entry = entryOf(event, at, cursor, cursor !== this.#position);
    this.#position = cursor;
    this.#union.seen(entry.topic);
    this.ring.push(entry);
    // A burst must not push out of the ring what no tab was sent yet.
    this.#unsent += sizeOf(entry);
    if (this.#unsent > this.ring.most / 4) this.#pump();
  }

  #pump() {
    this.#unsent = 0;
    for (const member of [...this.#members]) member.pump();
  }

  #paused() {
    if (this.#driver.cursor !== this.#position) {
      this.#position = this.#driver.cursor;
      this.ring.push(moveTo(this.#position));
    }
    this.#pump();
  }

  /** @param {Record<string, unknown>} frame */
  #control(frame) {
    if (frame.wakesocket === "hello") {
      this.#hello = { frame, at: performance.now() };
      this.#fresh = undefined;
    } else if (frame.wakesocket === "fresh") {
      this.#fresh = { ...frame, fresh: Object.assign({}, this.#fresh?.fresh, frame.fresh) };
    } else {
      return;
    }
    this.#tell({ type: "control", frame });
  }

  /** @param {{frame: Record<string, unknown>, at: number}} hello */
  #helloNow({ frame, at }) {
    const { time } = frame;
    return typeof time === "number" ? { ...frame, time: Math.round(time + performance.now() - at) } : frame;
  }

  /**
   * An error goes to the tab that caused it, where that is known.
   * @param {import("./shim.d.ts").ErrorCode} code
   * @param {string} message
   */
  #failed(code, message) {
    const ofMessages = code === "messages-lost" || code === "message-rate" || code === "message-too-large" || code === "message-invalid";
    const some = this.#caller ? [this.#caller] : ofMessages && this.#senders.size > 0 ? this.#senders : this.#members;
    for (const member of some) this.#sends.get(member)?.({ type: "error", code, message });
  }
}
