// @ts-check
import { WakesocketError, messageOf } from "./error.js";
import { Pump } from "./pump.js";
import { Sockets } from "./sockets.js";
import { Timer } from "./timer.js";
import { withQuery } from "./url.js";

/** @typedef {import("./engine.js").Engine} Engine */
/** @typedef {import("./boundary.js").Page} Page */
/** @typedef {import("./boundary.gen.js").Effect} Effect */
/** @typedef {import("./boundary.gen.js").Input} Input */
/** @typedef {import("./boundary.js").Status} Status */
/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */

/**
 * An input on its way to the session, with the events that it stands for.
 * @typedef {{input: Input, events: FeedEvent[], after: string}} Entry
 */

/**
 * The engine's side of one feed: owns the sockets and the timer, tells the
 * session what happens to them and does what it asks for.
 */
export class Link {
  #page;
  #settings;
  #topics;
  /** @type {Engine | undefined} */
  #engine;
  #sid = 0;
  /** Counts starts and stops, so that a start that was overtaken gives up. */
  #turn = 0;
  #starting = false;
  #live = 0;
  /** @type {import("./shim.d.ts").StateName} */
  #shown = "connecting";
  /** @type {Entry[]} */
  #inputs = [];
  #busy = false;
  /** @type {Set<number>} generations whose address is being made */
  #asked = new Set();
  /** @type {Map<number, {topics: readonly string[] | undefined, hello: boolean}>} */
  #told = new Map();

  #sockets = new Sockets({
    opened: (generation) => this.#enter({ type: "opened", generation }),
    message: (gen, data) => this.#pump.push(gen, data),
    closed: (generation, code, reason) => {
      this.#pump.flush();
      this.#told.delete(generation);
      this.#enter({ type: "closed", generation, code, reason, hopeless: false });
    },
  });

  #pump = new Pump({
    events: (generation, events, ids) => this.#enter({ type: "events", generation, ids }, events),
    control: (gen, frame) => this.#control(gen, frame),
    pong: (generation) => this.#enter({ type: "pong", generation }),
    other: (generation) => this.#enter({ type: "frame", generation }),
    error: (error) => this.#page.error(error),
  });

  #timer = new Timer(() => {
    this.#pump.flush();
    this.#enter({ type: "tick" });
  });

  /**
   * @param {Page} page
   * @param {{load: () => Promise<Engine>, client: string, tuning: import("./boundary.gen.js").SessionOptions, visible: boolean, online: boolean, topics: readonly string[] | undefined}} settings
   */
  constructor(page, settings) {
    this.#page = page;
    this.#settings = { ...settings };
    this.#topics = settings.topics;
  }

  /**
   * Connects; without effect while connected. Ends stopped and failed.
   * @param {string} after the cursor to go on from
   */
  async start(after) {
    if (this.#engine || this.#starting) return;
    const turn = ++this.#turn;
    this.#starting = true;
    if (this.#shown !== "connecting") this.#tell("connecting");
    try {
      const engine = await this.#settings.load();
      if (turn !== this.#turn) return;
      const { tuning, visible, online } = this.#settings;
      this.#sid = engine.open({ ...tuning, after, visible, online }, (error) => this.#fail(error));
      this.#engine = engine;
      this.#starting = false;
      this.#enter({ type: "start" });
    } catch (thrown) {
      if (turn === this.#turn) this.#fail(/** @type {WakesocketError} */ (thrown));
    }
  }

  /** Closes for good, and leaves no trace in the engine. */
  stop() {
    this.#enter({ type: "stop" });
  }

  /** @param {string} after the cursor to go on from if the session is gone */
  reconnect(after) {
    this.#enter({ type: "reconnect" }, [], after);
  }

  /** The browser takes the page away, and may bring it back. */
  away() {
    this.#enter({ type: "away" });
  }

  /** @param {"wake" | "network"} type */
  wake(type) {
    this.#pump.flush();
    this.#enter({ type });
  }

  /** @param {boolean} on */
  visible(on) {
    this.#settings.visible = on;
    this.#pump.flush();
    this.#enter({ type: "visible", on });
  }

  /** @param {boolean} on */
  online(on) {
    this.#settings.online = on;
    this.#pump.flush();
    this.#enter({ type: "online", on });
  }

  /**
   * @param {string} text
   * @returns {boolean} whether it went to a live socket
   */
  send(text) {
    return this.#sockets.send(this.#live, text);
  }

  /** @param {readonly string[]} topics */
  topics(topics) {
    this.#topics = topics;
    this.#tellTopics();
  }

  /**
   * One after another: what comes in while effects are being done, from a
   * callback say, waits until they are.
   * @param {Input} input
   * @param {FeedEvent[]} [events] that the input stands for
   * @param {string} [after] the cursor of a reconnect, if the session is gone
   */
  #enter(input, events = [], after = "") {
    this.#inputs.push({ input, events, after });
    if (this.#busy) return;
    this.#busy = true;
    for (let next; (next = this.#inputs.shift()); ) {
      try {
        this.#step(next);
      } catch (cause) {
        // A mistake of ours must not leave a feed that looks alive.
        this.#fail(new WakesocketError("engine-failed", `the shim failed: ${messageOf(cause)}`, { cause }));
      }
    }
    this.#busy = false;
  }

  /** @param {Entry} entry */
  #step({ input, events, after }) {
    const engine = this.#engine;
    const sid = this.#sid;
    if (!engine) {
      if (input.type === "stop") this.#stopped();
      if (input.type === "reconnect") this.start(after);
      return;
    }
    const effects = engine.step(sid, input) ?? [];
    for (const effect of effects) {
      if (sid !== this.#sid) return;
      if (effect.type === "deliver") {
        if (input.type === "events") this.#page.deliver(events, input.ids, effect.mask, effect.cursor);
      } else {
        this.#do(effect);
      }
    }
    if (input.type === "stop") this.#stopped();
  }

  /** @param {Exclude<Effect, {type: "deliver"}>} effect */
  #do(effect) {
    switch (effect.type) {
      case "timer":
        return this.#timer.set(effect.at);
      case "moved":
        return this.#page.moved(effect.cursor);
      case "dial":
        return this.#dial(effect);
      case "abandon":
        this.#asked.delete(effect.generation);
        this.#told.delete(effect.generation);
        return this.#sockets.abandon(effect.generation, effect.code, effect.reason);
      case "ping":
        return void this.#sockets.send(effect.generation, "ping");
      case "gap":
        return this.#page.gap({ after: effect.after, earliest: effect.earliest, reason: effect.reason });
      case "rtt":
        return this.#page.rtt(effect.smoothed);
      case "state":
        this.#live = effect.generation;
        this.#tellTopics();
        this.#status({
          name: effect.name,
          since: Math.round(effect.since),
          attempt: effect.attempt,
          retryAt: effect.retryAt < 0 ? null : Math.round(effect.retryAt),
          cause: effect.cause,
        });
        if (effect.name === "failed") this.#page.error(new WakesocketError("failed", effect.cause));
        return;
    }
  }

  /** @param {Extract<Effect, {type: "dial"}>} dial */
  #dial(dial) {
    const { generation: gen, fresh, attempt } = dial;
    this.#asked.add(gen);
    let href;
    try {
      href = this.#page.url({ fresh, attempt });
    } catch (thrown) {
      this.#urlFailed(gen, thrown);
      return;
    }
    if (typeof href === "string") {
      this.#connect(dial, href);
      return;
    }
    href.then(
      (resolved) => this.#connect(dial, resolved),
      (thrown) => this.#urlFailed(gen, thrown),
    );
  }

  /**
   * @param {Extract<Effect, {type: "dial"}>} dial
   * @param {string} href
   */
  #connect({ generation: gen, after, previous }, href) {
    if (!this.#asked.delete(gen)) return;
    const topics = this.#topics;
    this.#told.set(gen, { topics, hello: false });
    /** @type {[string, string][]} */
    const query = [["wakesocket", "1"]];
    if (after) query.push(["after", after]);
    if (previous) query.push(["previous", previous]);
    query.push(["client", this.#settings.client]);
    for (const topic of topics ?? []) query.push(["topic", topic]);
    const refused = this.#sockets.dial(gen, withQuery(href, query, topics ? ["topic"] : []));
    this.#enter({ type: "urlReady", generation: gen });
    if (refused) this.#enter({ type: "closed", generation: gen, code: 1006, reason: refused, hopeless: false });
  }

  /**
   * @param {number} gen
   * @param {unknown} thrown
   */
  #urlFailed(gen, thrown) {
    if (!this.#asked.delete(gen)) return;
    this.#page.error(new WakesocketError("url-failed", `the feed's url function failed: ${messageOf(thrown)}`, { cause: thrown }));
    this.#enter({ type: "urlFailed", generation: gen, reason: messageOf(thrown) });
  }

  /**
   * @param {number} gen
   * @param {Record<string, any>} frame
   */
  #control(gen, frame) {
    const at = text(frame.at);
    if (frame.wakesocket === "hello" && typeof frame.at === "string") {
      const told = this.#told.get(gen);
      if (told) told.hello = true;
      const { gap } = frame;
      this.#enter({
        type: "hello",
        generation: gen,
        resumed: frame.resumed === true,
        position: at,
        live: frame.live === true,
        heartbeat: count(frame.heartbeat),
        firstRetryWindow: count(frame.spread),
        gap: gap ? { after: text(gap.after), earliest: text(gap.earliest), reason: text(gap.reason) } : null,
      });
    } else if (frame.wakesocket === "position" && at) {
      this.#enter({ type: "position", generation: gen, position: at, live: frame.live === true });
    } else {
      this.#enter({ type: "frame", generation: gen });
    }
  }

  /** The live socket may have been dialed before the topics changed. */
  #tellTopics() {
    const told = this.#told.get(this.#live);
    if (!told || !this.#topics || told.topics === this.#topics) return;
    told.topics = this.#topics;
    if (told.hello) {
      this.send(JSON.stringify({ wakesocket: "topics", topics: this.#topics }));
      return;
    }
    // A plain server knows topics from its address only.
    const gen = this.#live;
    this.#sockets.abandon(gen, 1000, "topics");
    this.#enter({ type: "closed", generation: gen, code: 1000, reason: "topics", hopeless: false });
    this.#enter({ type: "reconnect" });
  }

  #stopped() {
    this.#release();
    if (this.#shown !== "stopped") this.#tell("stopped");
  }

  /** @param {WakesocketError} error */
  #fail(error) {
    this.#release();
    this.#tell("failed", error.message);
    this.#page.error(error);
  }

  #release() {
    if (this.#sid) this.#engine?.drop(this.#sid);
    this.#sid = 0;
    this.#engine = undefined;
    this.#turn++;
    this.#starting = false;
    this.#live = 0;
    this.#asked.clear();
    this.#told.clear();
    this.#timer.set(-1);
    this.#pump.clear();
    this.#sockets.abandonAll();
  }

  /**
   * A status of which the session does not know.
   * @param {import("./shim.d.ts").StateName} name
   */
  #tell(name, cause = "") {
    this.#status({ name, since: Date.now(), attempt: 0, retryAt: null, cause });
  }

  /** @param {Status} status */
  #status(status) {
    this.#shown = status.name;
    this.#page.status(status);
  }
}

/** @param {unknown} value */
function text(value) {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** @param {unknown} value */
function count(value) {
  return typeof value === "number" && value >= 0 ? Math.min(value, 2 ** 31) : 0;
}
