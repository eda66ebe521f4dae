// @ts-check
import { op } from "./boundary.js";
import { WakesocketError, messageOf } from "./error.js";
import { Pump } from "./pump.js";
import { Sockets } from "./sockets.js";
import { Timer } from "./timer.js";
import { withQuery } from "./url.js";

/** @typedef {import("./engine.js").Engine} Engine */
/** @typedef {import("./boundary.js").Page} Page */
/** @typedef {import("./boundary.js").Effect} Effect */
/** @typedef {import("./boundary.js").Status} Status */
/** @typedef {import("./shim.d.ts").FeedEvent} FeedEvent */

/**
 * An input on its way to the session, with what it is about and Go need not know.
 * @typedef {{op: number, args: unknown[], events?: FeedEvent[], ids?: string[], after?: string}} Input
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
  /** @type {Input[]} */
  #inputs = [];
  #busy = false;
  /** @type {Set<number>} generations whose address is being made */
  #asked = new Set();
  /** @type {Map<number, {topics: readonly string[] | undefined, hello: boolean}>} */
  #told = new Map();

  #sockets = new Sockets({
    opened: (gen) => this.#input(op.opened, gen),
    message: (gen, data) => this.#pump.push(gen, data),
    closed: (gen, code, reason) => {
      this.#pump.flush();
      this.#told.delete(gen);
      this.#input(op.closed, gen, code, reason);
    },
  });

  #pump = new Pump({
    events: (gen, events, ids) => this.#enter({ op: op.events, args: [gen, events.length, ids.join("\n")], events, ids }),
    control: (gen, frame) => this.#control(gen, frame),
    pong: (gen) => this.#input(op.pong, gen),
    other: (gen) => this.#input(op.frame, gen),
    error: (error) => this.#page.error(error),
  });

  #timer = new Timer(() => {
    this.#pump.flush();
    this.#input(op.tick);
  });

  /**
   * @param {Page} page
   * @param {{load: () => Promise<Engine>, client: string, tuning: import("./boundary.js").Tuning, visible: boolean, online: boolean, topics: readonly string[] | undefined}} settings
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
      this.#input(op.start);
    } catch (thrown) {
      if (turn === this.#turn) this.#fail(/** @type {WakesocketError} */ (thrown));
    }
  }

  /** Closes for good, and leaves no trace in the engine. */
  stop() {
    this.#input(op.stop);
  }

  /** @param {string} after the cursor to go on from if the session is gone */
  reconnect(after) {
    this.#enter({ op: op.reconnect, args: [], after });
  }

  /** @param {"resume" | "focus" | "network"} cause */
  wake(cause) {
    this.#pump.flush();
    this.#input(op.wake, cause);
  }

  /** @param {boolean} on */
  visible(on) {
    this.#settings.visible = on;
    this.#pump.flush();
    this.#input(op.visible, on);
  }

  /** @param {boolean} on */
  online(on) {
    this.#settings.online = on;
    this.#pump.flush();
    this.#input(op.online, on);
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
   * @param {number} number
   * @param {...unknown} args
   */
  #input(number, ...args) {
    this.#enter({ op: number, args });
  }

  /**
   * One after another: what comes in while effects are being done, from a
   * callback say, waits until they are.
   * @param {Input} input
   */
  #enter(input) {
    this.#inputs.push(input);
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

  /** @param {Input} input */
  #step(input) {
    const engine = this.#engine;
    const sid = this.#sid;
    if (!engine) {
      if (input.op === op.stop) this.#stopped();
      if (input.op === op.reconnect) this.start(/** @type {string} */ (input.after));
      return;
    }
    const effects = engine.step(sid, input.op, input.args) ?? [];
    if (sid !== this.#sid) return;
    if (input.op === op.hello || input.op === op.at) this.#page.moved(engine.cursor(sid));
    let { events } = input;
    if (events && !effects.some((effect) => effect.type === "deliver")) {
      this.#page.deliver(events, /** @type {string[]} */ (input.ids), undefined);
      events = undefined;
    }
    for (const effect of effects) {
      if (sid !== this.#sid) return;
      if (effect.type === "deliver") {
        if (events) this.#page.deliver(events, /** @type {string[]} */ (input.ids), effect.mask);
      } else {
        this.#do(effect);
      }
    }
    if (input.op === op.stop) this.#stopped();
  }

  /** @param {Exclude<Effect, {type: "deliver"}>} effect */
  #do(effect) {
    switch (effect.type) {
      case "timer":
        return this.#timer.set(effect.at);
      case "dial":
        return this.#dial(effect);
      case "abandon":
        this.#asked.delete(effect.gen);
        this.#told.delete(effect.gen);
        return this.#sockets.abandon(effect.gen, effect.code, effect.reason);
      case "ping":
        return void this.#sockets.send(effect.gen, "ping");
      case "gap":
        return this.#page.gap({ after: effect.after, earliest: effect.earliest, reason: effect.reason });
      case "rtt":
        return this.#page.rtt(effect.ms);
      case "state":
        this.#live = effect.live;
        this.#tellTopics();
        this.#status({
          name: effect.state,
          since: Math.round(effect.since),
          attempt: effect.attempt,
          retryAt: effect.retryAt < 0 ? null : Math.round(effect.retryAt),
          cause: effect.cause,
        });
        if (effect.state === "failed") this.#page.error(new WakesocketError("failed", effect.cause));
        return;
    }
  }

  /** @param {Extract<Effect, {type: "dial"}>} dial */
  #dial(dial) {
    const { gen, fresh, attempt } = dial;
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
  #connect({ gen, after, was }, href) {
    if (!this.#asked.delete(gen)) return;
    const topics = this.#topics;
    this.#told.set(gen, { topics, hello: false });
    /** @type {[string, string][]} */
    const query = [["wakesocket", "1"]];
    if (after) query.push(["after", after]);
    if (was) query.push(["previous", was]);
    query.push(["client", this.#settings.client]);
    for (const topic of topics ?? []) query.push(["topic", topic]);
    const refused = this.#sockets.dial(gen, withQuery(href, query, topics ? ["topic"] : []));
    this.#input(op.ready, gen);
    if (refused) this.#input(op.closed, gen, 1006, refused);
  }

  /**
   * @param {number} gen
   * @param {unknown} thrown
   */
  #urlFailed(gen, thrown) {
    if (!this.#asked.delete(gen)) return;
    this.#page.error(new WakesocketError("url-failed", `the feed's url function failed: ${messageOf(thrown)}`, { cause: thrown }));
    this.#input(op.urlFailed, gen, messageOf(thrown));
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
      const gap = frame.gap ?? undefined;
      this.#input(
        op.hello,
        gen,
        frame.resumed === true,
        at,
        frame.live === true,
        count(frame.heartbeat),
        count(frame.spread),
        gap && text(gap.after),
        gap && text(gap.earliest),
        gap && text(gap.reason),
      );
    } else if (frame.wakesocket === "position" && at) {
      this.#input(op.at, gen, at, frame.live === true);
    } else {
      this.#input(op.frame, gen);
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
    this.#input(op.closed, gen, 1000, "topics");
    this.#input(op.reconnect);
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
