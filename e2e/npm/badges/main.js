// Shows badges in every state, whole and compact; shown() tells when all are drawn.
import { connect } from "../wakesocket/index.js";
import "../wakesocket/badge.js";

/** A feed as a badge sees it, in a state that does not change. */
class Shown extends EventTarget {
  constructor(state, silent) {
    super();
    this.state = { since: 0, attempt: 0, retryAt: null, cause: "", lastEventAt: null, rtt: null, lag: 0, unguarded: "", ...state };
    this.staleTopics = silent;
  }
  topic() {
    return { stale: true, lastEventAt: 1, age: 75_000 };
  }
  reconnect() {}
}

const cases = [
  [{ name: "connecting" }, []],
  [{ name: "live" }, []],
  [{ name: "live" }, ["cpu", "memory"]],
  [{ name: "live", lag: 1200 }, []],
  [{ name: "live", unguarded: "client.wasm cannot be loaded" }, []],
  [{ name: "checking", cause: "silence" }, []],
  [{ name: "reconnecting", cause: "reset", retryAt: Date.now() + 90_000 }, []],
  [{ name: "offline", cause: "network" }, []],
  [{ name: "stopped" }, []],
  [{ name: "failed", cause: "the server refuses this client" }, []],
];
const main = document.querySelector("main");
for (const compact of [false, true]) {
  for (const [state, silent] of cases) {
    const badge = main.appendChild(document.createElement("p")).appendChild(document.createElement("wakesocket-badge"));
    badge.toggleAttribute("compact", compact);
    badge.feed = new Shown(state, silent);
  }
}
const own = main.appendChild(document.createElement("p")).appendChild(document.createElement("wakesocket-badge"));
own.feed = connect("/feed?page=badges"); // the first feed of the page defines the badge

globalThis.shown = () =>
  own.getAttribute("state") === "live" && [...document.querySelectorAll("wakesocket-badge")].every((badge) => badge.hasAttribute("state"));
