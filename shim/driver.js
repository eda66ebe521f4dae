// @ts-check
import { errorOf, inputOf } from "./control-frames.js";
import { Dialer, dialAddress } from "./dialer.js";
import { WakesocketError, messageOf } from "./error.js";
import { HeldEvents } from "./held-events.js";
import { Inbound } from "./inbound.js";
import { ShownState } from "./shown-state.js";
import { Sockets } from "./sockets.js";
import { Timer } from "./timer.js";
import { Uplink } from "./uplink.js";

/** @typedef {import("./engine.js").Engine} Engine */
/** @typedef {import("./boundary.js").Page} Page */
/** @typedef {import("./boundary.gen.js").Effect} Effect */
/** @typedef {import("./boundary.gen.js").Input} Input */
/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */

/**
 * @typedef {object} Settings
 * @property {import("./engine-loader.js").EngineLoader} loader
 * @property {string} client
 * @property {import("./boundary.gen.js").SessionOptions} tuning
 * @property {boolean} visible
 * @property {boolean} online
 * @property {readonly string[] | undefined} topics
 * @property {string} after the cursor to start from
 */

/**
 * Drives the session of one feed: owns its sockets and its timer, tells the
 * session what happens to them, and does what it asks for.
 */
export class Driver {
  #page;
  #settings;
  #cursor;
  /** @type {Engine | undefined} */
  #engine;
  #session = 0;
  /** @type {(() => void) | undefined} ends the wait for the engine */
  #stopWaiting;
  /** Why the browser refused the last address, if it did: an error of each dial would be one too many. */
  #refusal = "";
  /** @type {{input: Input, events: FeedEvent[]}[]} */
  #inputs = [];
  #busy = false;
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
  #timer = new Timer(() => this.#after({ type: "tick" }));

  /**
   * @param {Page} page
   * @param {Settings} settings
   */
  constructor(page, settings) {
    this.#page = page;
    this.#settings = { ...settings };
    this.#cursor = settings.after;
    this.#uplink = new Uplink(
      {
        write: (generation, text) => this.#sockets.send(generation, text),
        redial: (generation) => this.#redial(generation),
        error: (error) => page.error(error),
      },
      settings.topics,
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
    if (this.#engine || this.#stopWaiting) return;
    this.#shown.outside("connecting");
    this.#wait();
    this.#settings.loader.hurry();
  }

  /** Closes for good, and leaves no trace in the engine. */
  stop() {
    this.#handle({ type: "stop" });
  }

  reconnect() {
    this.#handle({ type: "reconnect" });
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

  /**
   * @param {string} text
   * @returns {boolean} whether it was sent, or will be soon
   */
  send(text) {
    return this.#uplink.send(text);
  }

  /** @param {readonly string[]} topics */
  topics(topics) {
    this.#uplink.setTopics(topics);
  }

  /**
   * An input that comes after the frames which have arrived.
   * @param {Input} input
   */
  #after(input) {
    this.#inbound.pump.after(() => this.#handle(input));
  }

  /**
   * One after another: what comes in while effects are being done, from a
   * callback say, waits until they are.
   * @param {Input} input
   * @param {FeedEvent[]} [events] that the input stands for
   */
  #handle(input, events = []) {
    this.#inputs.push({ input, events });
    if (this.#busy) return;
    this.#busy = true;
    for (let next; (next = this.#inputs.shift()); ) {
      try {
        this.#step(next.input, next.events);
      } catch (cause) {
        // A mistake of ours must not leave a feed that looks alive.
        this.#fail(new WakesocketError("engine-failed", `the shim failed: ${messageOf(cause)}`, { cause }));
      }
    }
    this.#busy = false;
  }

  /**
   * @param {Input} input
   * @param {FeedEvent[]} events
   */
  #step(input, events) {
    const engine = this.#engine;
    const session = this.#session;
    if (!engine) {
      this.#stepWithoutEngine(input);
      return;
    }
    for (const effect of engine.step(session, input) ?? []) {
      if (session !== this.#session) return;
      if (effect.type !== "deliver") this.#do(effect);
      else if (input.type === "events") this.#deliver(events, input.ids, effect);
    }
    if (input.type === "stop") this.#stopped();
  }

  /**
   * @param {FeedEvent[]} events
   * @param {string[]} ids
   * @param {import("./boundary.gen.js").DeliverEffect} effect
   */
  #deliver(events, ids, effect) {
    this.#inbound.delivery.events(events, ids, effect.mask);
    this.#held.keep(events, ids, effect.held);
  }

  /** @param {Input} input */
  #stepWithoutEngine(input) {
    if (input.type === "stop") this.#stopped();
    else if (input.type === "reconnect") this.start();
    // Whatever wakes a session is a reason to ask for the engine, too.
    const { type } = input;
    if (type === "reconnect" || type === "wake" || type === "network" || ((type === "visible" || type === "online") && input.on)) {
      this.#settings.loader.hurry();
    }
  }

  /** @param {Exclude<Effect, {type: "deliver"}>} effect */
  #do(effect) {
    switch (effect.type) {
      case "timer":
        return this.#timer.set(effect.at);
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
        return this.#dialer.dial(effect);
      case "abandon":
        this.#dialer.giveUp(effect.generation);
        this.#uplink.ended(effect.generation);
        return this.#sockets.abandon(effect.generation, effect.code, effect.reason);
      case "ping":
        return void this.#sockets.send(effect.generation, "ping");
      case "gap": {
        const { after, earliest, reason } = effect;
        return this.#inbound.delivery.then(() => this.#page.gap(/** @type {import("./boundary.js").Gap} */ ({ after, earliest, reason })));
      }
      case "rtt":
        return this.#page.rtt(effect.smoothed);
      case "state":
        return this.#stateChanged(effect);
    }
  }

  /** @param {import("./boundary.gen.js").StateEffect} state */
  #stateChanged({ name, since, attempt, retryAt, cause, generation }) {
    this.#uplink.state(generation, name === "live");
    this.#shown.set({ name, since: Math.round(since), attempt, retryAt: retryAt < 0 ? null : Math.round(retryAt), cause, generation });
    if (name === "failed") this.#page.error(new WakesocketError("failed", cause));
  }

  /**
   * @param {import("./boundary.gen.js").DialEffect} dial
   * @param {string} href
   */
  #connect(dial, href) {
    const { generation } = dial;
    const topics = this.#uplink.dialed(generation);
    this.#handle({ type: "urlReady", generation });
    this.#sockets.dial(generation, dialAddress(href, dial, this.#settings.client, topics));
  }

  /**
   * @param {number} generation
   * @param {number} code
   * @param {string} reason
   * @param {boolean} hopeless the browser refuses the address
   */
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

  /**
   * @param {number} generation
   * @param {Record<string, unknown>} frame
   */
  #control(generation, frame) {
    this.#uplink.control(generation, frame);
    this.#page.control(frame);
    if (frame.wakesocket === "error") this.#page.error(errorOf(frame));
    this.#handle(inputOf(generation, frame));
  }

  #wait() {
    this.#stopWaiting = this.#settings.loader.wait({
      ready: (engine) => this.#begin(engine),
      failed: (error, attempt, retryAt) => {
        this.#shown.loading(this.#settings.online, attempt, retryAt, error.message);
        this.#page.error(error);
      },
    });
  }

  /** @param {Engine} engine */
  #begin(engine) {
    this.#stopWaiting = undefined;
    const { tuning, visible, online } = this.#settings;
    try {
      this.#session = engine.open({ ...tuning, after: this.#cursor, visible, online }, (error) => this.#replaceEngine(error));
    } catch (thrown) {
      this.#fail(/** @type {WakesocketError} */ (thrown));
      return;
    }
    this.#engine = engine;
    this.#handle({ type: "start" });
  }

  /**
   * The engine died, and the sockets with it. Another goes on from the cursor.
   * @param {WakesocketError} error
   */
  #replaceEngine(error) {
    this.#release();
    this.#shown.loading(this.#settings.online, 0, null, error.message);
    this.#page.error(error);
    this.#wait();
  }

  #stopped() {
    this.#release();
    this.#shown.outside("stopped");
  }

  /** @param {WakesocketError} error */
  #fail(error) {
    this.#release();
    this.#shown.outside("failed", error.message);
    this.#page.error(error);
  }

  #release() {
    if (this.#session) this.#engine?.drop(this.#session);
    this.#session = 0;
    this.#engine = undefined;
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#dialer.giveUpAll();
    this.#timer.set(-1);
    this.#inbound.clear();
    this.#held.take();
    this.#uplink.reset();
    this.#sockets.abandonAll();
  }
}
