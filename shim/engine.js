// @ts-check
import { build, encode } from "./boundary.gen.js";
import { EngineLoader } from "./engine-loader.js";
import { engineStart } from "./engine-start.js";
import { WakesocketError, messageOf } from "./error.js";
import { fetchWasm, instantiateWasm } from "./fetch-wasm.js";
import { runGoProgram } from "./go-program.js";

/** @typedef {import("./boundary.js").API} API */
/** @typedef {import("./boundary.gen.js").Effect} Effect */
/** @typedef {import("./watch.js").Instant} Instant */

/** @type {Map<string, EngineLoader>} */
const loaders = new Map();

/**
 * The loader of a wasm file. All feeds of a page share it, and its engine.
 * @param {string} href
 */
export function engineLoader(href) {
  let loader = loaders.get(href);
  if (!loader) {
    loader = new EngineLoader(async (signal, again) => {
      await engineStart();
      return Engine.load(href, signal, again);
    });
    loaders.set(href, loader);
  }
  return loader;
}

/** @type {(href: string, signal: AbortSignal) => Promise<WebAssembly.Module | undefined>} undefined: it has to be done here */
let compileElsewhere = async () => undefined;

/** @param {typeof compileElsewhere} compile compiles a wasm file, not on the page's thread */
export function useCompiler(compile) {
  compileElsewhere = compile;
}

/** A running client.wasm: the sessions of many feeds. */
export class Engine {
  /** Called when the engine has died, before its sessions are told. */
  ended = () => {};
  #api;
  /** @type {Map<number, (error: WakesocketError) => void>} */
  #sessions = new Map();

  /** @param {API} [api] of the program, once it runs */
  constructor(api) {
    this.#api = api;
  }

  /**
   * @param {string} href
   * @param {AbortSignal} signal
   * @param {boolean} again do not trust what the browser has cached
   */
  static async load(href, signal, again) {
    const engine = new Engine();
    try {
      const module =
        (again ? undefined : await compileElsewhere(href, signal)) ?? (await fetchWasm(href, { signal, cache: again ? "reload" : "default", priority: "low" }));
      const api = await runGoProgram(
        (imports) => instantiateWasm(href, module, imports),
        (text) => engine.#die(text),
      );
      if (api.build !== build) {
        const other = api.build ?? "an unknown one";
        throw new Error(`${href} is of build ${other}, and this shim.js needs build ${build}; serve the client.wasm and the shim.js of one build`);
      }
      engine.#api = api;
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
    const sid = this.#call((api) => api.open({ __proto__: null, ...options })); // with nothing that all objects have
    if (typeof sid === "number") {
      this.#sessions.set(sid, died);
      return sid;
    }
    throw sid === undefined ? new WakesocketError("engine-failed", "the engine is gone") : new WakesocketError("options-invalid", sid);
  }

  /**
   * One input.
   * @param {number} sid
   * @param {import("./boundary.gen.js").Input} input
   * @param {Instant} at
   * @param {Instant} [look] the last one at the clocks since the input before
   * @returns {readonly Effect[] | undefined}
   */
  step(sid, input, at, look) {
    const effects = this.#call((api) =>
      look
        ? api.step(sid, look.mono, look.wall, ...encode({ type: "looked" }), at.mono, at.wall, ...encode(input))
        : api.step(sid, at.mono, at.wall, ...encode(input)),
    );
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
    this.ended();
    const [headline] = text.split("\n", 1);
    const error = new WakesocketError("engine-failed", `the engine died: ${headline}`, { cause: text });
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const died of sessions) died(error);
  }
}
