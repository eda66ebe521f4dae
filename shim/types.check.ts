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
const badge = document.createElement("wakesocket-badge");
badge.feed = feed;
badge.labels = { live: "En direct", age: (ms, current) => `${ms} ${current}` };
connect("/feed", { staleAfter: 5000 });
connect("/feed", { staleAfter: { cpu: 5000, "price.*": 1000, "*": 60_000 }, timeField: "data.time" });
feed.topic("cpu").age?.toFixed();
feed.topic().stale satisfies boolean;
feed.staleTopics.join();
feed.addEventListener("stale", ({ detail }) => detail.topic.length + detail.staleAfter);
feed.addEventListener("fresh", ({ detail }) => detail.age?.toFixed());

// @ts-expect-error a topic needs a callback
feed.subscribe("cpu");
// @ts-expect-error unknown options are refused
connect("/feed", { topic: "cpu" });
// @ts-expect-error a state is not to be written
feed.state.name = "live";
