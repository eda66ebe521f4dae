import { type ErrorCode, type Feed, type Gap, type ServerErrorCode, type SettledState, type State, WakesocketError, connect } from "wakesocket";
import type { BadgeLabels, WakesocketBadge } from "wakesocket/badge";

const maybe: string | undefined = Math.random() > 2 ? "id" : undefined;
const feed = connect<{ cpu: { load: number }; note: string }>("/feed", { after: maybe });
feed.subscribe("cpu", (e) => e.data.load.toFixed());
feed.subscribe((e) => (e.topic === "cpu" ? e.data.load : e.data.length));
const untyped: Feed = feed;
untyped.subscribe("anything", (e) => e.data.whatever);
export const retryAt = (state: State) => (state.name === "reconnecting" ? state.retryAt : null);
export const isFatal = (code: ErrorCode) => code === "failed";
export const error = new WakesocketError("closed", "text");
const badge: WakesocketBadge = document.createElement("wakesocket-badge");
const labels: Partial<BadgeLabels> = { live: "En direct" };
badge.labels = labels;

// @ts-expect-error no such topic
feed.subscribe("gpu", () => {});
// @ts-expect-error no such field of the data
feed.subscribe("cpu", (e) => e.data.lod);
// @ts-expect-error no such field of an event
feed.subscribe("cpu", (e) => e.date);
// @ts-expect-error no such event
feed.addEventListener("open", () => {});
// @ts-expect-error no such code
feed.addEventListener("error", (e) => e.detail.code === "no-such-code");
// @ts-expect-error no such reason
feed.addEventListener("gap", (e) => e.detail.reason === "no-such-reason");
// @ts-expect-error no such state
feed.addEventListener("state", (e) => e.detail.name === "open");
// @ts-expect-error a live feed has no next dial
feed.addEventListener("state", (e) => e.detail.name === "live" && e.detail.retryAt);
// @ts-expect-error no such option
connect("/feed", { topic: "cpu" });
// @ts-expect-error no such word
badge.labels = { alive: "" };

/** Every state, reason and code is known: a switch over them can be complete. */
export function complete(state: State, gap: Gap, code: ServerErrorCode): string {
  switch (state.name) {
    case "connecting":
    case "reconnecting":
    case "offline":
      return String(state.retryAt?.toFixed());
    case "live":
    case "checking":
    case "stopped":
    case "failed":
      break;
    default:
      return state satisfies never;
  }
  switch (gap.reason) {
    case "trimmed":
    case "epoch":
    case "future":
    case "invalid":
    case "restarted":
    case "skipped":
    case "limited":
    case "unknown":
      break;
    default:
      return gap.reason satisfies never;
  }
  switch (code) {
    case "message-too-large":
    case "message-rate":
    case "too-many-topics":
    case "message-invalid":
    case "topic-forbidden":
    case "log-unavailable":
      return code;
    default:
      return code satisfies never;
  }
}

// @ts-expect-error settled states have no next dial
export const never = (state: SettledState) => state.retryAt;
export const either = (state: State) => ("retryAt" in state ? state.retryAt : (state.name satisfies "live" | "checking" | "stopped" | "failed"));
connect("/feed", {
  onState: (state) => state.rtt?.toFixed(),
  onGap: ({ after, earliest, reason }) => [after.length, earliest.length, reason],
  onError: (error) => error.code === "engine-failed",
  topics: undefined,
  staleAfter: { cpu: 1000, "price.*": 500 },
});
connect(async ({ fresh, attempt }) => new URL(`/feed?fresh=${fresh}&attempt=${attempt.toFixed()}`, "https://example.org"));

// @ts-expect-error no such code
connect("/feed", { onError: (error) => error.code === "no-such-code" });
// @ts-expect-error no such reason
connect("/feed", { onGap: (gap) => gap.reason === "no-such-reason" });
// @ts-expect-error no such field of a gap
connect("/feed", { onGap: (gap) => gap.before });
// @ts-expect-error the url function must return an address
connect(() => 7);
// @ts-expect-error a duration is a number
connect("/feed", { heartbeat: "25s" });
// @ts-expect-error a state is not the page's to change
feed.state.name = "live";
// @ts-expect-error events have no detail of another
feed.addEventListener("stale", (e) => e.detail.reason);
// @ts-expect-error a topic needs its callback
feed.subscribe("cpu");
// @ts-expect-error no such topic
feed.topic("gpu");
// @ts-expect-error no such code
new WakesocketError("no-such-code", "text");
