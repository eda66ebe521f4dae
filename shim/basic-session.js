// @ts-check
import { BasicClock, sleepLimit } from "./basic-clock.js";
import { basicOptions, shortest } from "./basic-options.js";
import { BasicRetry } from "./basic-retry.js";
import { BasicSocket } from "./basic-socket.js";
import { BasicState } from "./basic-state.js";
import { BasicStream } from "./basic-stream.js";
import { afterWake } from "./basic-wake.js";
import { abnormal, adviceIn, isPermanent, refusal, tooMany, tryLater, unauthorized } from "./close-codes.js";

/** @typedef {import("./boundary.gen.js").Input} Input */
/** @typedef {import("./boundary.gen.js").Effect} Effect */
/** @typedef {import("./boundary.gen.js").AdoptInput} Facts */
/** @typedef {Exclude<Extract<Input, {generation: number}>, Facts>} SocketInput */

const dialGap = 1_000;

/**
 * The session of a page that has no engine, yet or at all. It answers the same
 * inputs by the same effects, with simpler rules: one socket at a time, and no
 * second one beside it. When the engine is there, a session of it adopts the
 * facts(). Like that one it owns no clock, timer or socket.
 */
export class BasicSession {
  #options;
  /** @type {Effect[]} */
  #effects = [];
  #stream;
  #retry;
  #clock = new BasicClock();
  #running = false;
  #away = false;
  #failure = "";
  #visible;
  #online;
  #generation;
  /** @type {BasicSocket | undefined} */
  #socket;
  #heartbeat;
  /** How often in a row a limit has ended a dial or a silent socket: each time the next gets more. */
  #doublings = 0;
  #state;

  /**
   * @param {import("./boundary.gen.js").SessionOptions} options
   * @param {() => number} random from 0 to below 1
   * @param {{generation?: number, wasLive?: boolean}} [before] what there was of the feed before: the last generation, and whether it was ever live
   */
  constructor(options, random, { generation = 0, wasLive = false } = {}) {
    this.#options = basicOptions(options);
    this.#generation = generation;
    this.#state = new BasicState(wasLive);
    this.#visible = this.#options.visible;
    this.#online = this.#options.online;
    this.#heartbeat = this.#options.heartbeat;
    this.#stream = new BasicStream(this.#options.after, this.#options.consecutiveIds, (effect) => this.#effects.push(effect));
    this.#retry = new BasicRetry(this.#options, random);
  }

  /**
   * @param {Input} input
   * @param {number} mono on performance.now()
   * @param {number} wall epoch milliseconds
   * @returns {Effect[]} what to do, in order
   */
  step(input, mono, wall) {
    const slept = this.#clock.advance(mono, wall, this.#visible);
    this.#effects = [];
    if (this.#running && slept > 0) {
      if (this.#retry.serverAdvice) this.#retry.at -= slept; // the server meant real time
      if (!this.#away) this.#wake("sleep", slept, false);
    }
    this.#input(input);
    while (this.#running && !this.#away && this.#timers());
    const [running, away, online, failure] = [this.#running, this.#away, this.#online, this.#failure];
    const state = this.#state.next({ running, away, online, failure, retry: this.#retry, socket: this.#socket }, mono, wall);
    if (state) this.#effects.push(state);
    const watches = this.#running && !this.#away;
    const timer = this.#clock.move(watches ? this.#due() : Infinity, watches && this.#visible);
    if (timer) this.#effects.push(timer);
    return this.#effects;
  }

  /** @returns {Facts} with which another session goes on */
  facts() {
    const shown = this.#state.shown;
    const socket = this.#socket ?? new BasicSocket(this.#generation, "", false, 0);
    return {
      type: "adopt",
      ...socket.facts(),
      ...this.#stream.facts(),
      ...this.#retry.facts(),
      phase: this.#socket?.phase ?? "",
      heartbeat: this.#heartbeat,
      failure: this.#failure,
      state: shown.name,
      since: shown.since,
      wasLive: this.#state.wasLive,
      away: this.#away,
      doublings: this.#doublings,
    };
  }

  /** @param {Input} input */
  #input(input) {
    switch (input.type) {
      case "start":
        return this.#start();
      case "stop":
        return this.#stop("");
      case "reconnect":
        this.#retry.serverAdvice = false;
        return this.#running ? this.#wake("user", 0, true) : this.#start();
      case "away":
        return this.#leave();
      case "wake":
        return this.#wake("wake", 0, false);
      case "network":
        return this.#wake("network", 0, true);
      case "visible":
        this.#visible = input.on;
        if (input.on) this.#wake("wake", 0, false);
        return;
      case "online":
        this.#online = input.on;
        if (input.on || this.#socket?.spoke) this.#wake("network", 0, input.on);
        return;
      case "tick":
        return this.#clock.fired();
      case "looked":
      case "adopt":
        return; // those of the engine's session
    }
    const k = this.#socket;
    if (k?.generation === input.generation) this.#ofSocket(k, input);
    else if (input.type === "events") this.#effects.push({ type: "deliver", mask: "0".repeat(input.ids.length), held: 0, cursor: this.#stream.cursor });
  }

  /**
   * @param {BasicSocket} k
   * @param {SocketInput} input
   */
  #ofSocket(k, input) {
    switch (input.type) {
      case "urlReady":
        if (k.phase === "resolving") k.enter("dialing", this.#clock.mono);
        return;
      case "urlFailed":
        if (k.phase === "resolving") this.#dialFailed(`the url function failed: ${input.reason}`);
        return;
      case "opened":
        return this.#opened(k);
      case "closed":
        return this.#closed(k, input);
    }
    if (k.phase === "open") this.#received(k, input);
  }

  #start() {
    if (this.#running) return;
    this.#running = true;
    this.#away = false;
    this.#failure = "";
    this.#retry.reset(this.#clock.mono);
  }

  /** @param {string} failure why it ends for good, "" when the page asked for it */
  #stop(failure) {
    if (!this.#running) return;
    this.#running = false;
    this.#failure = failure;
    this.#close("closed by the page");
  }

  /** The connection is closed in order while the page is away. */
  #leave() {
    if (!this.#running || this.#away) return;
    this.#away = true;
    this.#close("the page is away");
    if (!this.#retry.serverAdvice) this.#retry.reset(this.#clock.mono);
  }

  /** @param {string} reason */
  #close(reason) {
    this.#abandon(1000, reason);
    this.#retry.forget();
  }

  #dial() {
    const retry = this.#retry;
    const { freshToken, failures } = retry;
    const after = this.#stream.cursor;
    this.#stream.dialed();
    this.#socket = new BasicSocket(++this.#generation, after, freshToken, this.#clock.mono);
    retry.dialed(this.#clock.mono);
    const previous = retry.previousText(this.#clock.wall);
    this.#effects.push({ type: "dial", generation: this.#generation, after, fresh: freshToken, attempt: failures, previous });
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #abandon(code, reason) {
    const k = this.#socket;
    if (!k) return;
    this.#stream.end();
    this.#socket = undefined;
    this.#effects.push({ type: "abandon", generation: k.generation, code, reason });
  }

  /** @param {BasicSocket} k */
  #opened(k) {
    if (k.phase === "open") return;
    k.enter("open", this.#clock.mono);
    k.alive(this.#clock.mono, this.#clock.wall);
    // Without pings a quiet server may never speak.
    if (this.#options.heartbeat === 0) k.spoke = k.caughtUp = true;
    else this.#ask(k);
  }

  /** @param {BasicSocket} k */
  #ask(k) {
    if (k.ask(this.#clock.mono)) this.#effects.push({ type: "ping", generation: k.generation });
  }

  /**
   * @param {BasicSocket} k
   * @param {Extract<Input, {type: "hello" | "position" | "events" | "expiring" | "pong" | "frame"}>} input
   */
  #received(k, input) {
    k.alive(this.#clock.mono, this.#clock.wall);
    k.caughtUp ||= !k.greeted;
    k.spoke = true;
    this.#doublings = 0;
    this.#retry.settle();
    this.#retry.prove(k, this.#clock.mono);
    if (this.#clock.mono >= k.proofFrom) k.answered();
    switch (input.type) {
      case "pong":
        if (k.pings > 0 && --k.pings === 0) {
          k.answered();
          this.#effects.push({ type: "rtt", smoothed: this.#clock.mono - k.lastPing });
        }
        return;
      case "expiring":
        k.expiresAt ||= this.#clock.mono + Math.max(input.in, 1000);
        return;
      case "hello":
        return this.#hello(k, input);
      case "position":
        this.#stream.move(input.position);
        k.logUnread = !input.live && (k.caughtUp || k.logUnread);
        k.caughtUp = input.live;
        return;
      case "events":
        return this.#stream.events(k.generation, input.ids, input.contents, k.greeted, this.#clock.mono);
    }
  }

  /**
   * @param {BasicSocket} k
   * @param {Extract<Input, {type: "hello"}>} hello
   */
  #hello(k, { resumed, position, live, heartbeat, firstRetryWindow, gap }) {
    k.greeted = true;
    k.caughtUp = live;
    k.logUnread = false;
    if (heartbeat > 0 && this.#heartbeat > 0) this.#heartbeat = Math.max(heartbeat, shortest);
    this.#retry.setWindow(firstRetryWindow);
    const lost = gap ?? (!resumed && k.after !== "" ? { after: k.after, earliest: "", reason: "unknown" } : undefined);
    if (lost) this.#effects.push({ type: "gap", ...lost });
    if (gap || !resumed) this.#stream.move(position);
  }

  /**
   * @param {BasicSocket} k
   * @param {Extract<Input, {type: "closed"}>} end
   */
  #closed(k, { code, reason, hopeless }) {
    const retry = this.#retry;
    const advice = adviceIn(reason);
    const refused = code === unauthorized;
    const woken = k.woken && this.#online;
    if (k.spoke) {
      if (k.doubt === "") k.alive(this.#clock.mono, this.#clock.wall);
      retry.lost(k, k.doubt || (code === abnormal ? "reset" : "closed"), this.#clock.mono);
    } else {
      retry.refused(k, code, reason, hopeless, this.#clock.mono);
    }
    this.#stream.end();
    this.#socket = undefined;
    retry.freshToken ||= refused;
    if (isPermanent(code) || (refused && k.newToken)) this.#stop(refusal(code, reason));
    else if (refused) this.#dial();
    else if (advice !== undefined) retry.advise(this.#clock.mono + advice);
    else if (woken) retry.at = Math.max(this.#clock.mono, retry.lastDial + dialGap);
    else {
      if (retry.failures === 0 && (code === tryLater || code === tooMany)) retry.failed(this.#clock.mono);
      retry.schedule(this.#clock.mono, this.#online);
    }
  }

  /** @param {string} reason */
  #dialFailed(reason) {
    this.#abandon(1000, "dial timed out");
    this.#retry.reason = reason;
    this.#retry.failed(this.#clock.mono);
    this.#retry.schedule(this.#clock.mono, this.#online);
  }

  /**
   * The one path for every sign that time may have passed unseen.
   * @param {string} cause
   * @param {number} slept time that is known to be missing
   * @param {boolean} moved the network may be another one
   */
  #wake(cause, slept, moved) {
    if (!this.#running) return;
    const now = this.#clock.mono;
    const retry = this.#retry;
    const k = this.#socket;
    if (this.#away) {
      this.#away = false;
      if (!retry.serverAdvice) retry.at = now;
      return;
    }
    if (!k) {
      if (!retry.serverAdvice) retry.at = Math.min(retry.at, slept > 0 ? now : Math.max(now, retry.lastDial + dialGap));
      return;
    }
    switch (afterWake(k, { now, slept, moved, heartbeat: this.#options.heartbeat })) {
      case "dial again":
        this.#abandon(1000, "dial made again after a wake");
        return this.#dial();
      case "replace":
        this.#giveUp(k, cause);
        return this.#dial();
      case "probe":
        k.doubted(cause, now);
        return this.#ask(k);
    }
  }

  /**
   * Gives up an open socket that is or must be dead.
   * @param {BasicSocket} k
   * @param {string} cause
   */
  #giveUp(k, cause) {
    const retry = this.#retry;
    if (k.spoke) retry.lost(k, cause, this.#clock.mono);
    else {
      retry.reason = "connected, but the server neither spoke nor answered a ping";
      retry.failed(this.#clock.mono);
    }
    this.#abandon(4000, "no answer to a ping");
    retry.schedule(this.#clock.mono, this.#online);
  }

  /** @returns {boolean} whether something was due and is done */
  #timers() {
    const now = this.#clock.mono;
    const k = this.#socket;
    if (!k) {
      if (now < this.#retry.at) return false;
      this.#dial();
      return true;
    }
    if (now >= this.#stream.decideAt) {
      this.#stream.decide();
      return true;
    }
    const limit = k.limit(this.#options, this.#doublings);
    if (now >= limit) {
      // A page that was frozen has not seen whether the network was slow.
      if (now - limit <= sleepLimit) this.#doublings++;
      if (k.phase === "resolving") this.#dialFailed("the url function did not answer");
      else if (k.phase === "dialing") this.#dialFailed("the connection attempt was not answered");
      else this.#giveUp(k, k.doubt || "silence");
      return true;
    }
    if (now >= k.doubtAt(this.#options)) {
      k.doubt = "silence";
      return true;
    }
    if (now >= k.nextPing(this.#options, this.#heartbeat, this.#visible)) {
      this.#ask(k);
      return true;
    }
    return false;
  }

  /** @returns {number} when something is to be done, Infinity for never */
  #due() {
    const k = this.#socket;
    return k ? Math.min(this.#stream.decideAt, k.due(this.#options, this.#doublings, this.#heartbeat, this.#visible)) : this.#retry.at;
  }
}
