import { type ErrorCode, type Feed, type State, WakesocketError, connect } from "wakesocket";
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
