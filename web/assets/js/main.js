// @ts-check
import { Cards } from "./cards.js";
import { ServerClock } from "./clock.js";
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
/** @typedef {{host: string, system: string, at: string, events: Reading[]}} Snapshot */

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const ledger = new Ledger();
const time = new ServerClock();
const ours = new Lane(byId("ours"), "ours");
const plain = new Lane(byId("plain"), "plain");
const cards = new Cards(/** @type {HTMLElement} */ (document.querySelector(".cards")));
const log = new Log(byId("log"));
const age = /** @type {HTMLElement} */ (document.querySelector("[data-age]"));
/** @type {import("./strip.js").Mark[]} */
const marks = [];

const panel = new Panel(byId("break"), (kind, text) => {
  if (kind !== "heal") marks.push({ at: time.now(Date.now()), label: kind });
  if (marks.length > 50) marks.shift();
  log.add("You", text);
});

let late = 0;

/** @param {Reading} reading */
function onReading(reading) {
  const now = Date.now();
  time.note(reading.data.t, now);
  if (time.lag(reading.data.t, now) >= lateAfter) late++;
  ledger.note("ours", reading.data, now);
  ours.addEvent(reading, now);
  cards.push(reading.topic, reading.data);
}

/** @param {{newest: number | null, late: number, lost: number}} before @param {number} now */
function healed(before, now) {
  const dark = span(now - (before.newest ?? now));
  const lost = ledger.counts("ours").lost - before.lost;
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

  feed.addEventListener("state", ({ detail: state }) => {
    const now = Date.now();
    const tone = tones[state.name];
    ours.setClaim({ tone, text: state.name });
    document.title = `${state.name}: ${byId("host").textContent}, wakesocket`;
    if (state.name !== "live") {
      if (everLive) before ??= { newest: ours.newest, late, lost: ledger.counts("ours").lost };
      log.add("wakesocket", sentence(state, now), tone === "dead" ? "bad" : "warn");
      return;
    }
    everLive = true;
    const then = before;
    before = null;
    if (!then) log.add("wakesocket", "Live.", "good");
    // Events that the outage held back arrive just after the first sign of life.
    else setTimeout(() => log.add("wakesocket", healed(then, now), "good"), 300);
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
      const now = Date.now();
      ledger.note("plain", event.data, now);
      plain.addEvent(event, now);
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

function draw() {
  const now = Date.now();
  const from = time.now(now) - Math.max(ours.reach, plain.reach) - 1000;
  const entries = ledger.since(from);
  ours.draw(ledger, entries, time, marks, now);
  plain.draw(ledger, entries, time, marks, now);
  cards.draw(time.now(now) / 1000);
  panel.draw(now);
  const text = ours.newest === null ? "" : `: ${span(now - ours.newest)} old`;
  if (age.textContent !== text) age.textContent = text;
}

/** The past comes by HTTP; the feed goes on from exactly there. */
async function start() {
  // Not at the top: a page without its client has to say so.
  const { connect } = await import("../dist/shim.js");
  const answer = await fetch("snapshot");
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  /** @type {Snapshot} */
  const { host, system, at, events } = await answer.json();
  if (host) byId("host").textContent = host;
  byId("system").textContent = system;
  for (const { topic, data } of events) cards.push(topic, data);

  const feed = connect("feed", { after: at });
  logChanges(feed);
  feed.subscribe((event) => onReading(/** @type {Reading} */ (event)));
  startPlain();
  draw();
  setInterval(draw, 250);
  document.addEventListener("visibilitychange", draw);
}

start().catch((error) => {
  const notice = byId("notice");
  notice.hidden = false;
  notice.textContent = `The dashboard cannot start: ${error.message}. Reload the page to try again.`;
});
