// Compiled, never run: the implementation is what shim.d.ts promises, and the
// promises read as the documentation uses them.
import * as made from "./index.js";
import type * as promised from "./shim.d.ts";

const connect: typeof promised.connect = made.connect;
export const thrown: promised.WakesocketError = new made.WakesocketError("code", "message", { cause: 1 });
export const nothingElse: Record<Exclude<keyof typeof made, "connect" | "WakesocketError">, never> = {};

const feed = connect("/feed", { topics: ["cpu"], onState: (state) => state.retryAt?.toFixed() });
connect(new URL("wss://example.com"));
connect(({ fresh, attempt }) => `/feed?token=${fresh ? "new" : attempt}`);
connect(async () => new URL("/feed", location.href));
feed.subscribe("cpu", (event) => event.data)();
feed.addEventListener("gap", (event) => event.detail.reason.length);
feed.addEventListener("error", (event) => event.detail.code.length);
feed.ready.then(() => feed.send({ any: 1 }) satisfies boolean);
document.createElement("wakesocket-badge").feed = feed;

// @ts-expect-error a topic needs a callback
feed.subscribe("cpu");
// @ts-expect-error unknown options are refused
connect("/feed", { topic: "cpu" });
// @ts-expect-error a state is not to be written
feed.state.name = "live";
