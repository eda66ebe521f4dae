// @ts-check
import { Board } from "./board.js";
import { ServerClock, steadyNow } from "./clock.js";
import { span } from "./format.js";
import { plainSocket } from "./plain.js";
import { PriceTable, oldAfter } from "./price-table.js";

/** How often the page gets a price that changes, in ms. */
const every = 250;
/** How long a scroll rests before other rows are asked for. */
const scrollRest = 60;

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const topicOf = (/** @type {string} */ name) => `price.${name}`;
const nameOf = (/** @type {string} */ topic) => topic.slice("price.".length);
/** @param {string} name @returns {import("../dist/shim.js").LatestTopics} */
const newest = (name) => ({ match: topicOf(name), latest: true, every });

const time = new ServerClock();
const ours = new Board();
const plain = new Board();

/** Follows the rows that exist, and no others. @param {import("../dist/shim.js").Feed} feed @param {PriceTable} table */
function follow(feed, table) {
  let followed = new Set(table.names);
  const update = () => {
    table.place();
    const wanted = new Set(table.names);
    const added = [...wanted].filter((name) => !followed.has(name));
    const gone = [...followed].filter((name) => !wanted.has(name));
    followed = wanted;
    for (const name of gone) ours.forget(name);
    // A change that is refused, or whose connection is lost, is made by the next connection.
    if (added.length > 0) feed.addTopics(added.map(newest), { last: 1 }).catch(() => {});
    if (gone.length > 0) feed.removeTopics(gone.map(topicOf)).catch(() => {});
  };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  byId("rows").addEventListener("scroll", () => {
    table.place();
    clearTimeout(timer);
    timer = setTimeout(update, scrollRest);
  });
  addEventListener("resize", update);
}

/** Shows the sums of a client, once a second the rate. @param {HTMLElement} root @param {Board} board */
function summary(root, board) {
  /** @param {string} name */
  const field = (name) => /** @type {HTMLElement} */ (root.querySelector(`[data-field=${name}]`));
  let before = 0;
  setInterval(() => {
    field("rate").textContent = (board.received - before).toLocaleString("en");
    field("skipped").textContent = board.skipped.toLocaleString("en");
    before = board.received;
  }, 1000);
  return (/** @type {readonly string[]} */ names, /** @type {number} */ now) => {
    const oldest = board.oldest(names, now);
    field("oldest").textContent = oldest === null ? "–" : span(oldest);
    root.dataset.old = String(oldest !== null && oldest > oldAfter);
  };
}

async function start() {
  // Not at the top: a page without its client has to say so.
  const { connect } = await import("../dist/shim.js");
  const answer = await fetch("prices/names");
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  const table = new PriceTable(byId("rows"), await answer.json());
  table.place();
  const feed = connect("prices", { topics: table.names.map(newest) });
  feed.subscribe((event) => {
    if (!event.history) time.note(event.time ?? 0, steadyNow());
    ours.note(nameOf(event.topic ?? ""), event.data, event.time ?? 0, event.skipped);
  });
  feed.addEventListener("error", ({ detail }) => console.warn(detail.message));
  follow(feed, table);

  const url = new URL("prices/plain", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  plainSocket(
    url.href,
    (event) => plain.note(nameOf(event.topic), event.data, /** @type {any} */ (event).time),
    () => {},
  );

  const showOurs = summary(byId("ours"), ours);
  const showPlain = summary(byId("plain"), plain);
  const draw = () => {
    const now = time.now(steadyNow());
    table.draw(ours, plain, now);
    showOurs(table.inSight, now);
    showPlain(table.inSight, now);
  };
  draw();
  setInterval(draw, 100);
}

start().catch((error) => {
  const notice = byId("notice");
  notice.hidden = false;
  notice.textContent = `The prices cannot be shown: ${error.message}. Reload the page to try again.`;
});
