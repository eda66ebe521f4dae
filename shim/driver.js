// @ts-check
import { BasicSession } from "./basic-session.js";
import { errorOf, inputOf } from "./control-frames.js";
import { gapsIn, partsOf } from "./burst.js";
import { Dialer, dialAddress } from "./dialer.js";
import { WakesocketError, messageOf } from "./error.js";
import { Guard, isWake } from "./guard.js";
import { HeldEvents } from "./held-events.js";
import { Inbound } from "./inbound.js";
import { ShownState } from "./shown-state.js";
import { Sockets } from "./sockets.js";
import { Turns } from "./turns.js";
import { Uplink } from "./uplink.js";
import { Watch } from "./watch.js";

/** @typedef {import("./boundary.js").Session} Session */
/** @typedef {import("./boundary.gen.js").Effect} Effect */
/** @typedef {import("./boundary.gen.js").Input} Input */
/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */

/**
 * Drives the session of one feed: owns its sockets and its timer, tells the
 * session what happens to them, and does what it asks for.
 */
export class Driver {
  #page;
  #settings;
  #cursor;
  /** @type {Session | undefined} that decides: the engine's, or the basic one until that has adopted what it did */
  #session;
  /** @type {BasicSession | undefined} */
  #basic;
  #guard;
  #generation = 0;
  #wasLive = false;
  /** Why the browser refused the last address, if it did: an error of each dial would be one too many. */
  #refusal = "";
  // A mistake of ours must not leave a feed that looks alive.
  #turns = new Turns((cause) => this.#fail(new WakesocketError("engine-failed", `the shim failed: ${messageOf(cause)}`, { cause })));
  #inbound = new Inbound(
    {
      events: (generation, events, ids, contents) => this.#handle({ type: "events", generation, ids, contents }, events),
      control: (generation, frame) => this.#control(generation, frame),
      pong: (generation) => this.#handle({ type: "pong", generation }),
      other: (generation) => this.#handle({ type: "frame", generation }),
      error: (error) => this.#page.error(error),
    },
    {
      deliver: (event, id, at) => {
        if (id) this.#cursor = id;
        this.#page.deliver(event, at);
      },
      paused: () => this.#page.paused(),
      lagChanged: () => this.#page.lagChanged(),
    },
  );
  #sockets = new Sockets({
    opened: (generation) => this.#after({ type: "opened", generation }),
    message: (generation, data) => this.#inbound.pump.push(generation, data),
    closed: (generation, code, reason, hopeless) => this.#closed(generation, code, reason, hopeless),
  });
  #held = new HeldEvents();
  #shown = new ShownState(
    (status) => this.#page.status(status),
    (call) => this.#inbound.delivery.then(call),
  );
  #dialer;
  #uplink;
  #watch = new Watch(() => this.#after({ type: "tick" }));

  /** @param {import("./boundary.js").Page} page @param {import("./boundary.js").Settings} settings */
  constructor(page, settings) {
    this.#page = page;
    this.#settings = { ...settings };
    this.#cursor = settings.after;
    this.#guard = new Guard(settings.loader, {
      ready: (engine) => this.#turns.run(() => this.#handOver(engine)),
      unguarded: (reason) => page.unguarded(reason),
      error: (error) => page.error(error),
    });
    this.#uplink = new Uplink(
      {
        write: (generation, text) => this.#sockets.send(generation, text),
        redial: (generation) => this.#redial(generation),
        error: (error) => page.error(error),
        history: (events) => this.#inbound.delivery.history(events),
        newest: (events, got) => this.#inbound.delivery.newest(events, got),
        gap: (gap) => this.#gap({ type: "gap", ...gap }),
        cursor: () => this.#cursor,
        then: (call) => this.#inbound.delivery.then(call),
      },
      settings.topics,
      settings.latest,
      settings.none,
    );
    this.#dialer = new Dialer(page.url, {
      ready: (dial, href) => this.#connect(dial, href),
      failed: (generation, thrown) => {
        const reason = messageOf(thrown);
        this.#page.error(new WakesocketError("url-failed", `the feed's url function failed: ${reason}`, { cause: thrown }));
        this.#handle({ type: "urlFailed", generation, reason });
      },
    });
  }

  /** The position up to which the page has got events. */
  get cursor() {
    return this.#cursor;
  }

  /** How many events have waited for long to be delivered. */
  get lag() {
    return this.#inbound.delivery.lag;
  }

  /** Connects; without effect while connected. Ends stopped and failed. */
  start() {
    if (this.#session) return;
    this.#begin();
    this.#guard.hurry();
  }

  /** Closes for good, and leaves no trace in the engine. */
  stop() {
    this.#handle({ type: "stop" });
  }

  reconnect() {
    this.#handle({ type: "reconnect" });
  }

  /**
   * Goes on after another position, over another connection.
   * @param {string} position
   */
  resume(position) {
    this.#cursor = position;
    this.#release();
    this.start();
  }

  /** The browser takes the page away, and may bring it back. It runs no task of ours before. */
  away() {
    this.#handle({ type: "away" });
  }

  /** @param {"wake" | "network"} type */
  wake(type) {
    this.#after({ type });
  }

  /** @param {boolean} on */
  visible(on) {
    this.#settings.visible = on;
    this.#after({ type: "visible", on });
  }

  /** @param {boolean} on */
  online(on) {
    this.#settings.online = on;
    this.#after({ type: "online", on });
  }

  /** @type {Uplink["send"]} */
  send = (text) => this.#uplink.send(text);
  /** @type {Uplink["setTopics"]} */
  topics = (topics, waiter) => this.#uplink.setTopics(topics, waiter);
  /** @type {Uplink["addTopics"]} */
  addTopics = (topics, options, one) => this.#uplink.addTopics(topics, options, one);
  /** @type {Uplink["removeTopics"]} */
  removeTopics = (topics) => this.#uplink.removeTopics(topics);
  /** @type {Uplink["history"]} */
  history = (question) => this.#uplink.history(question);

  /**
   * An input that comes after the frames which have arrived.
   * @param {Input} input
   */
  #after(input) {
    this.#inbound.pump.after(() => this.#handle(input));
  }

  /**
   * @param {Input} input
   * @param {FeedEvent[]} [events] that the input stands for
   */
  #handle(input, events = []) {
    this.#turns.run(() => this.#step(input, events));
  }

  /** @param {Input} input @param {FeedEvent[]} events */
  #step(input, events) {
    if (input.type === "reconnect") this.start();
    const session = this.#session;
    if (session) this.#carryOut(session, this.#watch.step(session, input), input, events);
    if (input.type === "stop") this.#stopped();
    if (input.type === "away") this.#guard.pause();
    if (isWake(input)) this.#guard.hurry();
  }

  /**
   * @param {Session} session whose effects these are; when another takes its place, they count no more
   * @param {readonly Effect[] | undefined} effects @param {Input} input @param {FeedEvent[]} events
   */
  #carryOut(session, effects, input, events) {
    const gaps = gapsIn(effects ?? [], input);
    for (const effect of effects ?? []) {
      if (session !== this.#session) return;
      if (gaps.some(({ gap }) => gap === effect)) continue; // told between the events
      if (effect.type !== "deliver") this.#do(effect);
      else if (input.type === "events") this.#deliver(events, input.ids, effect, gaps);
    }
  }

  /**
   * @param {FeedEvent[]} events
   * @param {string[]} ids
   * @param {import("./boundary.gen.js").DeliverEffect} effect
   * @param {import("./burst.js").PlacedGap[]} gaps
   */
  #deliver(events, ids, effect, gaps) {
    for (const part of partsOf(events, ids, effect.mask, gaps)) {
      if (part.gap) this.#gap(part.gap);
      this.#inbound.delivery.events(part.events, part.ids, part.mask);
    }
    this.#held.keep(events, ids, effect.held);
  }

  /** @param {Exclude<Effect, {type: "deliver"}>} effect */
  #do(effect) {
    switch (effect.type) {
      case "timer":
        return this.#watch.set(effect.at, effect.every);
      case "moved":
        return this.#inbound.delivery.then(() => {
          this.#cursor = effect.cursor;
          this.#page.paused();
        });
      case "release": {
        const { events, ids } = this.#held.take();
        return this.#inbound.delivery.events(events, ids, effect.mask);
      }
      case "dial":
        this.#generation = effect.generation;
        return this.#dialer.dial(effect);
      case "abandon":
        this.#dialer.giveUp(effect.generation);
        this.#uplink.ended(effect.generation);
        return this.#sockets.abandon(effect.generation, effect.code, effect.reason);
      case "ping":
        return void this.#sockets.send(effect.generation, "ping");
      case "gap":
        return this.#gap(effect);
      case "rtt":
        return this.#page.rtt(effect.smoothed);
      case "state":
        return this.#stateChanged(effect);
    }
  }

  /** @param {import("./boundary.gen.js").GapEffect} effect */
  #gap({ after, earliest, reason }) {
    const gap = /** @type {import("./boundary.js").Gap} */ ({ after, earliest, reason });
    this.#inbound.delivery.then(() => this.#page.gap(gap));
  }

  /** @param {import("./boundary.gen.js").StateEffect} state */
  #stateChanged({ name, since, attempt, retryAt, cause, generation }) {
    this.#wasLive ||= name === "live";
    this.#uplink.state(generation, name === "live");
    this.#shown.set({ name, since: Math.round(since), attempt, retryAt: retryAt < 0 ? null : Math.round(retryAt), cause, generation });
    if (name === "failed") this.#ended(new WakesocketError("failed", cause));
  }

  /** @param {import("./boundary.gen.js").DialEffect} dial @param {string} href */
  #connect(dial, href) {
    const { generation } = dial;
    const { topics, later, query } = this.#uplink.dialed(generation);
    this.#handle({ type: "urlReady", generation });
    this.#sockets.dial(generation, dialAddress(href, dial, this.#settings.client, topics, later, query));
  }

  /** @param {number} generation @param {number} code @param {string} reason @param {boolean} hopeless the browser refuses the address */
  #closed(generation, code, reason, hopeless) {
    if (hopeless && reason !== this.#refusal) this.#page.error(new WakesocketError("address-refused", reason));
    this.#refusal = hopeless ? reason : "";
    this.#uplink.ended(generation);
    this.#after({ type: "closed", generation, code, reason, hopeless });
  }

  /** @param {number} generation */
  #redial(generation) {
    this.#sockets.abandon(generation, 1000, "topics");
    this.#uplink.ended(generation);
    this.#handle({ type: "closed", generation, code: 1000, reason: "topics", hopeless: false });
    this.reconnect();
  }

  /** @param {number} generation @param {Record<string, unknown>} frame */
  #control(generation, frame) {
    const input = inputOf(generation, frame, this.#shown.connected);
    const first = input.type === "position"; // an answer counts from there on
    if (first) this.#handle(input);
    const answer = this.#uplink.control(generation, frame);
    this.#page.control(frame);
    if (frame.wakesocket === "error" && !answer) this.#page.error(errorOf(frame));
    if (!first) this.#handle(input);
  }

  /** Dials from the cursor, and asks for the engine. */
  #begin() {
    const { tuning, visible, online } = this.#settings;
    const before = { generation: this.#generation, wasLive: this.#wasLive };
    const basic = (this.#basic = new BasicSession({ ...tuning, after: this.#cursor, visible, online }, Math.random, before));
    this.#session = { step: (input, { mono, wall }) => basic.step(input, mono, wall), drop() {} };
    this.#handle({ type: "start" });
    this.#guard.wait();
  }

  /**
   * A session of the engine goes on with what the basic session did. If it cannot,
   * nothing has changed.
   * @param {import("./engine.js").Engine} engine
   */
  #handOver(engine) {
    this.#step({ type: "tick" }, []); // timers whose time has come are done before
    const basic = this.#basic;
    if (!basic) return; // the page has closed the feed meanwhile
    const { tuning, visible, online } = this.#settings;
    /** @type {Session | undefined} */
    let session;
    let died = false;
    try {
      const sid = engine.open({ ...tuning, visible, online }, (error) => {
        died = true;
        this.#engineDied(session, error);
      });
      session = { step: (...given) => engine.step(sid, ...given), drop: () => engine.drop(sid) };
    } catch (thrown) {
      const error = /** @type {WakesocketError} */ (thrown);
      if (error.code === "options-invalid") this.#fail(error);
      else this.#engineDied(undefined, error);
      return;
    }
    const facts = basic.facts();
    const effects = this.#watch.step(session, facts);
    if (died) return;
    this.#session = session;
    this.#basic = undefined;
    this.#guard.settled();
    this.#watch.set(-1, 0);
    this.#carryOut(session, effects, facts, []);
  }

  /** @param {Session | undefined} session that it had for us @param {WakesocketError} error */
  #engineDied(session, error) {
    if (session !== undefined && session === this.#session) {
      // Its sockets are of no use without it. The basic session goes on from the cursor.
      this.#release();
      this.#begin();
    } else {
      this.#guard.wait();
    }
    this.#guard.missing(error);
  }

  #stopped() {
    this.#release();
    this.#uplink.fail(new WakesocketError("closed", "the feed was closed before the answer came"));
    this.#wasLive = false;
    this.#guard.settled();
    this.#shown.outside("stopped");
  }

  /** @param {WakesocketError} error */
  #fail(error) {
    this.#release();
    this.#guard.settled();
    this.#shown.outside("failed", error.message);
    this.#ended(error);
  }

  /** @param {WakesocketError} error */
  #ended(error) {
    this.#uplink.fail(error);
    this.#page.error(error);
  }

  #release() {
    this.#session?.drop();
    this.#session = this.#basic = undefined;
    this.#guard.stop();
    this.#dialer.giveUpAll();
    this.#watch.set(-1, 0);
    this.#inbound.clear();
    this.#held.take();
    this.#uplink.reset();
    this.#sockets.abandonAll();
  }
}
