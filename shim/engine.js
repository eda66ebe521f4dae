// @ts-check
import { encode } from "./boundary.gen.js";
import { WakesocketError, messageOf } from "./error.js";
import { fetchWasm } from "./fetch-wasm.js";
import { runGoProgram } from "./go-program.js";

/** @typedef {import("./boundary.js").API} API */
/** @typedef {import("./boundary.js").Effect} Effect */

/** @type {Map<string, Promise<Engine>>} */
const engines = new Map();

/**
 * The engine of a wasm file; all feeds of a page share it. One that failed to
 * load or died is loaded anew by the next who asks.
 * @param {string} href
 * @returns {Promise<Engine>} rejected with a WakesocketError
 */
export function loadEngine(href) {
  let engine = engines.get(href);
  if (!engine) {
    engine = Engine.load(href);
    engines.set(href, engine);
    engine.catch(() => engines.delete(href));
  }
  return engine;
}

/** A running client.wasm: the sessions of many feeds. */
export class Engine {
  #forget;
  /** @type {API | undefined} */
  #api;
  /** @type {Map<number, (error: WakesocketError) => void>} */
  #sessions = new Map();

  /** @param {() => void} forget */
  constructor(forget) {
    this.#forget = forget;
  }

  /** @param {string} href */
  static async load(href) {
    const engine = new Engine(() => engines.delete(href));
    try {
      engine.#api = await runGoProgram(
        (imports) => fetchWasm(href, imports),
        (text) => engine.#die(text),
      );
    } catch (cause) {
      throw new WakesocketError("engine-failed", `the engine did not start: ${messageOf(cause)}`, { cause });
    }
    return engine;
  }

  /**
   * @param {object} options
   * @param {(error: WakesocketError) => void} died
   * @returns {number} the session, for the calls below
   */
  open(options, died) {
    const sid = this.#call((api) => api.open(options));
    if (typeof sid === "number") {
      this.#sessions.set(sid, died);
      return sid;
    }
    throw sid === undefined ? new WakesocketError("engine-failed", "the engine is gone") : new WakesocketError("options-invalid", sid);
  }

  /**
   * One input, at this moment of both clocks.
   * @param {number} sid
   * @param {import("./boundary.gen.js").Input} input
   * @returns {readonly Effect[] | undefined}
   */
  step(sid, input) {
    const effects = this.#call((api) => api.step(sid, performance.now(), Date.now(), ...encode(input)));
    if (typeof effects !== "string") return effects;
    this.#die(effects);
    return undefined;
  }

  /** @param {number} sid */
  drop(sid) {
    this.#sessions.delete(sid);
    this.#call((api) => api.drop(sid));
  }

  /**
   * @template T
   * @param {(api: API) => T} call
   * @returns {T | undefined}
   */
  #call(call) {
    if (!this.#api) return undefined;
    try {
      return call(this.#api);
    } catch (thrown) {
      this.#die(messageOf(thrown));
      return undefined;
    }
  }

  /** @param {string} text */
  #die(text) {
    if (!this.#api) return;
    this.#api = undefined;
    this.#forget();
    const [headline] = text.split("\n", 1);
    const error = new WakesocketError("engine-failed", `the engine died: ${headline}`, { cause: text });
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const died of sessions) died(error);
  }
}
