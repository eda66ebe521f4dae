// Compiled, never run: the implementation is what shim.d.ts promises, and the
// promises read as the documentation uses them.
import * as made from "./index.js";
import type * as promised from "./shim.d.ts";

const connect: typeof promised.connect = made.connect;
export const thrown: promised.WakesocketError = new made.WakesocketError("closed", "message", { cause: 1 });
export const nothingElse: Record<Exclude<keyof typeof made, "connect" | "WakesocketError">, never> = {};

const feed = connect("/feed", { topics: ["cpu"], onState: (state) => "retryAt" in state && state.retryAt?.toFixed() });
connect(new URL("wss://example.com"));
connect(({ fresh, attempt }) => `/feed?token=${fresh ? "new" : attempt}`);
connect(async () => new URL("/feed", location.href));
feed.subscribe("cpu", (event) => event.data)();
feed.addEventListener("gap", (event) => event.detail.reason.length);
feed.addEventListener("error", (event) => event.detail.code.length);
feed.addTopics(["gpu", "price.*"], { last: 1 }).then((position) => position.length);
feed.removeTopics(["gpu"]).then((position) => position.length);
feed.history({ topic: "cpu", limit: 10, before: "e-9" }).then(({ events, from, complete }) => events.length + from.length + Number(complete));
connect("/feed", { topics: ["alerts", { match: "price.*", latest: true, every: 250 }] }).subscribe((event) => event.skipped?.toFixed());
// @ts-expect-error latest is what the object is for
feed.setTopics([{ match: "price.*" }]);
// @ts-expect-error a history is of one topic
feed.history({ topics: ["cpu"] });
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

// One connection for all tabs.
const shared = connect("/feed", { share: true, workerURL: new URL("https://example.com/shared-worker.js") });
connect(() => "/feed?token=x", { share: "user 7", workerURL: "/shared-worker.js" });
shared.state.shared satisfies boolean;
shared.addEventListener("state", ({ detail }) => (detail.shared ? detail.unguarded.length : detail.unshared.length));
shared.addEventListener("error", ({ detail }) => detail.code === "share-failed");
// @ts-expect-error a name or true
connect("/feed", { share: 7 });
// @ts-expect-error the reason is a text
shared.state.unshared satisfies boolean;
// @ts-expect-error who shares is not for the page to write
shared.state.shared = true;

// A state first, and then its events.
const withState = connect<{ sold: number }, { total: number }>("/feed", {
  snapshot: async ({ reason, signal }) => {
    const answer = await fetch(`/total?${reason satisfies promised.SnapshotReason}`, { signal });
    return { at: answer.headers.get("Wakesocket-Position") ?? "", data: { total: await answer.json() } };
  },
  onSnapshot: ({ data, at, reason }) => data.total.toFixed() + at + reason,
});
withState.addEventListener("snapshot", ({ detail }) => detail.data.total.toFixed());
withState.state.snapshot satisfies "" | "loading" | "failed";
withState.reloadSnapshot();
// @ts-expect-error a state without its position
connect("/feed", { snapshot: async () => ({ data: 1 }) });
// @ts-expect-error another state
connect<any, { total: number }>("/feed", { snapshot: async () => ({ at: "e-1", data: { totals: 1 } }) });

// A feed that names its topics.
const typed = connect<{ cpu: { load: number }; note: string }>("/feed", { after: undefined });
typed.subscribe("cpu", (event) => event.data.load.toFixed());
typed.subscribe((event) => (event.topic === "cpu" ? event.data.load : event.data.length));
typed.topic("note");
const anyFeed: promised.Feed = typed;
const target: EventTarget = typed;
target.dispatchEvent(new Event("x"));
anyFeed.addEventListener("state", ({ detail }) => {
  if (detail.name === "reconnecting") detail.retryAt?.toFixed();
  // @ts-expect-error a live feed has no next dial
  if (detail.name === "live") detail.retryAt;
  // @ts-expect-error no such state
  if (detail.name === "alive") return;
});
const everyReason: Record<promised.GapReason, string> = {
  trimmed: "",
  epoch: "",
  future: "",
  invalid: "",
  restarted: "",
  skipped: "",
  limited: "",
  unknown: "",
};
feed.addEventListener("gap", ({ detail }) => everyReason[detail.reason]);
// @ts-expect-error no such reason
feed.addEventListener("gap", ({ detail }) => detail.reason === "trimed");
// @ts-expect-error no such code
feed.addEventListener("error", ({ detail }) => detail.code === "engine-died");
// @ts-expect-error no such field
feed.addEventListener("error", ({ detail }) => detail.reason);
// @ts-expect-error no such event
feed.addEventListener("close", () => {});
// @ts-expect-error no such topic
typed.subscribe("gpu", () => {});
// @ts-expect-error no such field in its data
typed.subscribe("cpu", (event) => event.data.lod);
// @ts-expect-error no such field of an event
typed.subscribe("cpu", (event) => event.date);
// @ts-expect-error no such option value
connect("/feed", { heartbeat: "5s" });

// @ts-expect-error a topic needs a callback
feed.subscribe("cpu");
// @ts-expect-error unknown options are refused
connect("/feed", { topic: "cpu" });
// @ts-expect-error a state is not to be written
feed.state.name = "live";
