// A feed with a log, its connection and its snapshots, in virtual time. The page
// keeps a total, which is to be that of the log at the page's position.
import assert from "node:assert/strict";
import { SnapshotStream } from "../snapshot.js";
import { random } from "./random.js";

/** What happens at its time, the earliest first. */
class Agenda {
  now = 0;
  #items = [];

  /** @returns {{at: number, run: () => void}} to be given to cancel() */
  in(ms, run) {
    const item = { at: this.now + ms, run };
    const i = this.#items.findLastIndex(({ at }) => at <= item.at);
    this.#items.splice(i + 1, 0, item);
    return item;
  }

  cancel(item) {
    const i = this.#items.indexOf(item);
    if (i >= 0) this.#items.splice(i, 1);
  }

  /** @returns {boolean} whether there was something up to this time */
  step(until) {
    if (this.#items.length === 0 || this.#items[0].at > until) return false;
    const { at, run } = this.#items.shift();
    this.now = at;
    run();
    return true;
  }
}

/** How ids are written: those of our server, a counter, or names without an order. */
export const spellings = {
  ours: (epoch, n) => `e${epoch}-${n}`,
  counter: (_, n) => String(1000 + n),
  names: (epoch, n) => `#${(n * 7919 + 13) % 100_003}.${epoch}`,
};

/** A log whose events add to a total. The total outlives the log, as a database outlives its log. */
class Log {
  epoch = 1;
  base = 0; // the total before the first event of this epoch
  events = []; // {n, topic, add}
  trimmed = 0;

  get top() {
    return this.events.length;
  }

  publish(topic, add) {
    this.events.push({ n: this.top + 1, topic, add });
  }

  /** The log begins anew, and what happened around that is in no event. */
  restart(lost) {
    this.base = this.total(this.top) + lost;
    this.epoch++;
    this.events = [];
    this.trimmed = 0;
  }

  total(n) {
    return this.events.slice(0, n).reduce((sum, { topic, add }) => (topic === "wanted" ? sum + add : sum), this.base);
  }
}

/** One page, its feed and its snapshots. */
export class World {
  agenda = new Agenda();
  log = new Log();
  /** What the page shows. */
  page = { total: undefined, place: undefined, given: 0 };
  gaps = [];
  failures = [];
  reasons = [];
  resumes = 0;
  liveMoments = 0;
  calm = false;
  #rand;
  #spell;
  #greets;
  #connection; // {next, last, live}
  #status = "down";
  #cursor = "";
  #place; // {epoch, n} of the cursor
  #timer;
  #call;
  #places = new Map(); // text of a position → {epoch, n}

  constructor(seed, { spelling = "ours", most = { events: 12, bytes: 4000 }, Stream = SnapshotStream, faults = 0.4 } = {}) {
    this.#rand = random(seed);
    this.#spell = spellings[spelling];
    this.#greets = spelling === "ours";
    this.faults = faults;
    this.stream = new Stream(
      {
        load: (call) => this.#load(call),
        abort: () => (this.#call = undefined),
        ask: () => this.#ask(),
        resume: (at) => this.#resume(at),
        give: (snapshot) => this.#given(snapshot),
        replay: (items) => items.forEach((item) => this.#delivered(item)),
        deliver: (item) => this.#delivered(item),
        failed: (failure) => this.failures.push(failure),
        changed: () => {},
        timer: (due) => {
          this.agenda.cancel(this.#timer);
          this.#timer = due < 0 ? undefined : this.agenda.in(Math.max(0, due - this.agenda.now), () => this.stream.tick());
        },
      },
      "",
      () => this.agenda.now,
      this.#rand,
      most,
    );
  }

  int(n) {
    return Math.floor(this.#rand() * n);
  }

  chance(p) {
    return this.#rand() < p;
  }

  get live() {
    return this.#status === "live" && !this.stream.pending;
  }

  start() {
    this.#dial();
    this.stream.start();
  }

  /** Time passes; after each thing that happens, what the page shows is compared. */
  pass(ms) {
    const end = this.agenda.now + ms;
    while (this.agenda.step(end)) this.check();
    this.agenda.now = end;
  }

  check() {
    const { total, place } = this.page;
    if (!this.live) return;
    this.liveMoments++;
    assert.ok(place, "live without a snapshot");
    if (place.epoch !== this.log.epoch) return; // the feed has not been told yet
    assert.equal(
      total,
      this.log.total(this.#place.n),
      `a wrong total is shown as live at ${JSON.stringify(this.#place)}, the page is at ${JSON.stringify(place)}`,
    );
  }

  publish() {
    const wanted = this.chance(0.7);
    this.log.publish(wanted ? "wanted" : "other", 1 + this.int(1000));
    this.#send();
  }

  trim() {
    this.log.trimmed = Math.max(this.log.trimmed, this.log.top - this.int(30));
  }

  restart() {
    this.log.restart(this.int(1000));
    this.cut();
  }

  cut() {
    if (!this.#connection) return;
    this.#connection = undefined;
    this.#tell("down");
    this.agenda.in(20 + this.int(500), () => this.#dial());
  }

  /** The page closes the feed, and opens it again. */
  reopen() {
    this.#connection = { dead: true };
    this.#status = "down";
    this.stream.stop(false);
    this.agenda.in(this.int(500), () => {
      this.#dial();
      this.stream.start();
    });
  }

  #text(epoch, n) {
    const text = this.#spell(epoch, n);
    this.#places.set(text, { epoch, n });
    return text;
  }

  #tell(status) {
    this.#status = status;
    this.stream.status(status === "live");
  }

  #dial() {
    const connection = (this.#connection = { next: 0, last: this.agenda.now });
    this.agenda.in(10 + this.int(200), () => {
      if (connection === this.#connection) this.#accepted(connection);
    });
  }

  /** The server finds the place of the cursor, or tells a gap. */
  #accepted(connection) {
    const { log } = this;
    const after = this.#cursor;
    const place = this.#places.get(after);
    let reason = "";
    if (after !== "") {
      if (!place) reason = "invalid";
      else if (place.epoch !== log.epoch) reason = "epoch";
      else if (place.n > log.top) reason = "future";
      else if (place.n < log.trimmed) reason = "trimmed";
    }
    const from = after === "" ? log.top : reason ? log.trimmed : place.n;
    connection.next = from;
    connection.open = true;
    const position = this.#text(log.epoch, from);
    this.#post(connection, () => {
      if (this.#greets) this.stream.greeted();
      if (reason) {
        const gap = { after, earliest: "", reason };
        if (this.stream.gap(gap)) {
          this.gaps.push(reason);
          this.page.place = undefined;
        }
        if (connection !== this.#connection) return;
      }
      if ((this.#greets && after === "") || reason) this.#moved(position);
    });
    this.#send();
    this.#post(connection, () => {
      this.#tell("live");
    });
  }

  /** What the log has goes to the client. */
  #send() {
    const connection = this.#connection;
    if (!connection?.open) return;
    const { log } = this;
    for (; connection.next < log.top; connection.next++) {
      const { n, topic, add } = log.events[connection.next];
      const id = this.#text(log.epoch, n);
      connection.skipped = topic !== "wanted";
      if (topic === "wanted") this.#post(connection, () => this.#event(id, add));
    }
  }

  #ask() {
    const connection = this.#connection;
    if (!connection?.open || !this.#greets || this.chance(0.2)) return;
    this.agenda.in(this.int(50), () => {
      if (connection !== this.#connection) return;
      const position = this.#text(this.log.epoch, connection.next);
      this.#post(connection, () => this.#moved(position));
    });
  }

  /** A frame arrives after those before it, if the connection lasts. */
  #post(connection, run) {
    connection.last = Math.max(connection.last, this.agenda.now + this.int(this.calm ? 5 : 80));
    this.agenda.in(connection.last - this.agenda.now, () => {
      if (connection === this.#connection) run();
    });
  }

  #event(id, add) {
    this.#cursor = id;
    this.#place = this.#places.get(id);
    this.stream.event({ event: { id, add }, id, at: this.agenda.now });
  }

  #moved(position) {
    this.#cursor = position;
    this.#place = this.#places.get(position);
    this.stream.moved(position);
  }

  #resume(at) {
    this.resumes++;
    this.#cursor = at;
    this.#place = this.#places.get(at);
    this.#tell("down");
    this.#dial();
  }

  #given({ at, data }) {
    this.page = { total: data, place: this.#places.get(at) ?? { epoch: 0, n: 0 }, given: this.page.given + 1 };
  }

  #delivered({ event: { id, add } }) {
    const { page } = this;
    assert.ok(page.given > 0, "an event came before the snapshot");
    if (!page.place) return; // after a gap, before the next snapshot
    const place = this.#places.get(id);
    assert.ok(place.epoch !== page.place.epoch || place.n > page.place.n, `${id} came after ${JSON.stringify(page.place)}`);
    page.total += add;
    page.place = place;
  }

  /** The page's function: right, late, old, wrong, or not at all. */
  #load({ number, reason }) {
    this.reasons.push(reason);
    this.#call = number;
    const answer = (ms, value) => this.agenda.in(ms, () => this.stream.loaded(number, value));
    const fail = (ms, text) => this.agenda.in(ms, () => this.stream.failed(number, text));
    const wrong = !this.calm && this.chance(this.faults);
    if (!wrong) {
      this.agenda.in(this.int(100), () => {
        // A replica may lag; what it hands out still belongs together.
        const { epoch, top, trimmed } = this.log;
        const n = this.calm || this.chance(0.7) ? top : Math.max(0, this.chance(0.5) ? top - this.int(6) : trimmed - this.int(6));
        answer(this.int(this.calm ? 50 : 700), { at: this.#text(epoch, n), data: this.log.total(n) });
      });
      return;
    }
    const { epoch, top } = this.log;
    const garbage = -1;
    const bad = [
      () => fail(this.int(300), "503"),
      () => answer(this.int(300), undefined),
      () => answer(this.int(300), { data: garbage }),
      () => answer(this.int(300), { at: 7, data: garbage }),
      () => answer(this.int(300), { at: "", data: garbage }),
      () => answer(this.int(300), { at: `x${this.#spell(epoch, 3)}!`, data: garbage }),
      () => answer(this.int(300), { at: this.#spell(epoch + 7, 3) + (this.#greets ? "" : "0000001"), data: garbage }),
      () => answer(this.int(300), { at: this.#spell(epoch, top + 1_000_000) + (this.#greets ? "" : "f"), data: garbage }),
      () => {}, // never
      () => answer(9_000 + this.int(3_000), { at: this.#text(epoch, top), data: this.log.total(top) }), // late
    ];
    bad[this.int(bad.length)]();
  }
}
