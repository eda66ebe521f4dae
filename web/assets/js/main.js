// @ts-check
import { Cards } from "./cards.js";
import { ServerClock, steadyNow } from "./clock.js";
import { count, span } from "./format.js";
import { Lane } from "./lane.js";
import { Ledger } from "./ledger.js";
import { Log } from "./log.js";
import { Panel } from "./panel.js";
import { plainSocket } from "./plain.js";
import { lateAfter } from "./strip.js";
import { closeSentence, gapSentence, sentence } from "./sentences.js";

/** @typedef {import("../dist/shim.js").State} State */
/** @typedef {{topic: string, data: {run: string, n: number, t: number, value?: any, error?: string}}} Reading */
/** @typedef {{host: string, system: string, events: Reading[]}} Snapshot */

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const ledger = new Ledger();
const time = new ServerClock();
const ours = new Lane(byId("ours"), "ours");
const plain = new Lane(byId("plain"), "plain");
const cards = new Cards(/** @type {HTMLElement} */ (document.querySelector(".cards")));
const log = new Log(byId("log"));
/** @type {import("./strip.js").Mark[]} */
const marks = [];

const panel = new Panel(byId("break"), (kind, text) => {
  if (kind !== "heal") marks.push({ at: time.now(steadyNow()), label: kind });
  if (marks.length > 50) marks.shift();
  log.add("You", text);
});

let late = 0;
/** When the newest event came over wakesocket, epoch ms; null before the first. @type {number | null} */
let newest = null;

/** @param {Reading} reading */
function onReading(reading) {
  const now = steadyNow();
  newest = now;
  time.note(reading.data.t, now);
  if (time.lag(reading.data.t, now) >= lateAfter) late++;
  ledger.note("ours", reading.data, now);
  ours.addEvent(reading);
  cards.push(reading.topic, reading.data);
}

/** @param {{newest: number | null, late: number, lost: number}} before @param {number} now */
function healed(before, now) {
  const dark = span(now - (before.newest ?? now));
  const lost = ledger.counts("ours", now).lost - before.lost;
  const missed = late - before.late;
  return `Live again after ${dark} without news. ${missed ? count(missed, "event") : "No event"} came late, ${lost || "none"} lost.`;
}

/** @param {import("../dist/shim.js").Feed} feed */
function logChanges(feed) {
  let everLive = false;
  /** What was so when the last loss began. @type {{newest: number | null, late: number, lost: number} | null} */
  let before = null;
  /** @type {Record<State["name"], import("./lane.js").Claim["tone"]>} */
  const tones = { connecting: "doubt", live: "live", checking: "doubt", reconnecting: "doubt", offline: "dead", stopped: "dead", failed: "dead" };

  const claim = () => {
    const { name } = feed.state;
    const stale = name === "live" && feed.staleTopics.length > 0;
    ours.setClaim(stale ? { tone: "doubt", text: `${feed.staleTopics.join(", ")} stale` } : { tone: tones[name], text: name });
  };

  feed.addEventListener("state", ({ detail: state }) => {
    const now = steadyNow();
    const tone = tones[state.name];
    claim();
    document.title = `${state.name}: ${byId("host").textContent}, wakesocket`;
    if (state.name !== "live") {
      if (everLive) before ??= { newest, late, lost: ledger.counts("ours", now).lost };
      log.add("wakesocket", sentence(state, Date.now()), tone === "dead" ? "bad" : "warn");
      return;
    }
    everLive = true;
    const then = before;
    before = null;
    if (!then) log.add("wakesocket", "Live.", "good");
    // Events that the outage held back arrive just after the first sign of life.
    else setTimeout(() => log.add("wakesocket", healed(then, now), "good"), 300);
  });
  /** Topics that fell silent while the connection was fine. @type {Set<string>} */
  const silent = new Set();
  feed.addEventListener("stale", ({ detail: { topic, staleAfter } }) => {
    claim();
    if (feed.state.name !== "live") return;
    silent.add(topic);
    log.add("wakesocket", `No news of ${topic} for ${span(staleAfter)}, though the connection is live.`, "warn");
  });
  feed.addEventListener("fresh", ({ detail: { topic } }) => {
    claim();
    if (silent.delete(topic)) log.add("wakesocket", `News of ${topic} again.`, "good");
  });
  feed.addEventListener("gap", ({ detail }) => log.add("wakesocket", gapSentence(detail), "bad"));
  feed.addEventListener("error", ({ detail }) => log.add("wakesocket", detail.message, "bad"));
}

function startPlain() {
  const url = new URL("plain", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  plainSocket(
    url.href,
    (event) => {
      ledger.note("plain", event.data, steadyNow());
      plain.addEvent(event);
    },
    (claim, code = 0) => {
      if (claim === "open") log.add("new WebSocket", "Connected.", "good");
      if (claim === "closed") log.add("new WebSocket", closeSentence(code), "warn");
      plain.setClaim(
        {
          connecting: /** @type {const} */ ({ tone: "doubt", text: "connecting" }),
          open: /** @type {const} */ ({ tone: "live", text: "connected" }),
          closed: /** @type {const} */ ({ tone: "dead", text: "closed" }),
        }[claim],
      );
    },
  );
}

/** @param {import("../dist/shim.js").Feed} feed */
function draw(feed) {
  const now = steadyNow();
  const from = time.now(now) - Math.max(ours.reach, plain.reach) - 1000;
  const entries = ledger.since(from);
  ours.draw(ledger, entries, time, marks, now);
  plain.draw(ledger, entries, time, marks, now);
  cards.draw(time.now(now) / 1000);
  panel.draw(now);
  cards.showAges((topic) => feed.topic(topic).age);
}

/** The past comes by HTTP, and the feed goes on from exactly there. @type {import("../dist/shim.js").SnapshotFunction<Snapshot>} */
async function snapshot({ signal }) {
  const answer = await fetch("snapshot", { signal });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return { at: answer.headers.get("Wakesocket-Position") ?? "", data: await answer.json() };
}

/** @param {Snapshot} past */
function showPast({ host, system, events }) {
  if (host) byId("host").textContent = host;
  byId("system").textContent = system;
  for (const { topic, data } of events) cards.push(topic, data);
}

async function start() {
  // Not at the top: a page without its client has to say so.
  const { connect } = await import("../dist/shim.js");
  const feed = connect("feed", { snapshot, onSnapshot: ({ data }) => showPast(data) });
  logChanges(feed);
  feed.subscribe((event) => onReading(/** @type {Reading} */ (event)));
  startPlain();
  const redraw = () => draw(feed);
  redraw();
  setInterval(redraw, 250);
  document.addEventListener("visibilitychange", redraw);
}

start().catch((error) => {
  const notice = byId("notice");
  notice.hidden = false;
  notice.textContent = `The dashboard cannot start: ${error.message}. Reload the page to try again.`;
});
