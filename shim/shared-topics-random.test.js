import assert from "node:assert/strict";
import { after, test } from "node:test";
import { random } from "./testing/random.js";
import { Server, Tab, Worker, closeChannels, turn, until } from "./testing/shared-world.js";

after(closeChannels);

const topics = ["a", "b", "c", "d", "e", "p.x", "p.y"];
const names = ["a", "b", "c", "d", "e", "p.*", "p.x"];
/** Stands for all topics. */
const all = "";
/** How long a change may be on its way, in steps: a topic that was dropped is not wanted again before. */
const longWay = 40;

const number = (id) => Number(id.slice(2));
const fits = (name, topic) => name === all || name === topic || (name === "p.*" && topic.startsWith("p."));

/**
 * A tab, and when it wanted which topics. It must get the events of a topic after the
 * position that it was told: when it was live first, or by the answer of addTopics. Of
 * a topic that came with setTopics no position is told: it must get those after the
 * server has taken the topic for a while.
 */
class Watched extends Tab {
  /** The position that it was told first; undefined before. */
  start = undefined;
  /** @type {{name: string, from: () => number, to: number, quiet: number, settled: number}[]} */
  spans = [];
  dropped = new Map(); // when, by name
  unanswered = 0;

  constructor(server, worker, { wanted, after }) {
    super(worker, { topics: wanted, after, tuning: { minReconnectDelay: 50, firstRetryWindow: 0 } });
    this.server = server;
    this.greeted = !server.plain;
    if (after) this.start = number(after);
    for (const name of wanted ?? [all]) this.want(name, () => this.start ?? Infinity);
    this.moved = () => this.look();
    this.slow = () => this.look();
  }

  get names() {
    return this.spans.filter(({ to }) => to === Infinity).map(({ name }) => name);
  }

  get place() {
    return this.driver.cursor ? number(this.driver.cursor) : (this.start ?? 0);
  }

  look() {
    const { driver, live, server } = this;
    // Without a hello there is no position before the first event, so that what a new connection misses cannot be told.
    if (this.start === undefined && (driver.cursor || (live && !server.plain))) this.start = driver.cursor ? number(driver.cursor) : server.log.length;
    for (const span of this.spans) {
      const taken = live && server.unread === 0 && [...server.sockets].some(({ topics }) => topics.length === 0 || topics.includes(span.name));
      span.quiet = taken ? span.quiet + 1 : 0;
      if (span.quiet === 20) span.settled = Math.min(span.settled, server.log.length);
    }
  }

  /** @param {(() => number) | undefined} from undefined: no position is told */
  want(name, from) {
    const span = { name, from: from ?? (() => span.settled), to: Infinity, quiet: 0, settled: Infinity };
    this.spans.push(span);
  }

  drop(name, step) {
    for (const span of this.spans) if (span.name === name) span.to = Math.min(span.to, this.place);
    this.dropped.set(name, step);
  }

  /** It joins anew; without a cursor nothing of before counts. */
  back() {
    this.driver.away();
    if (!this.driver.cursor) this.start = undefined;
    this.driver.wake("wake");
  }

  /** @returns {number[]} what it must have got of the first so many events */
  must(count) {
    const { log } = this.server;
    const need = new Set();
    for (const { name, from, to } of this.spans) {
      for (let n = from() + 1; n <= Math.min(to, count); n++) if (fits(name, log[n - 1].topic)) need.add(n);
    }
    for (const { after, earliest } of this.gaps) for (let n = number(after) + 1; n < number(earliest); n++) need.delete(n);
    return [...need].sort((a, b) => a - b);
  }

  check() {
    const got = this.got.map(number);
    const told = `${JSON.stringify(this.spans.map(({ name, from, to }) => [name, from(), to]))}, gaps ${JSON.stringify(this.gaps)}, got ${got}`;
    if (this.greeted) assert.ok(!(got[0] <= this.start), `${got[0]} is before ${this.start}, where it began: ${told}`);
    got.forEach((n, i) => {
      assert.ok(i === 0 || n > got[i - 1], `${n} after ${got[i - 1]}: ${told}`);
      const { topic } = this.server.log[n - 1];
      assert.ok(
        this.spans.some(({ name }) => fits(name, topic)),
        `${n} of ${topic}: ${told}`,
      );
    });
    const has = new Set(got);
    const missing = this.must(this.place).filter((n) => !has.has(n));
    assert.ok(missing.length === 0, `${missing} are missing: ${told}`);
  }
}

const kinds = {
  "that answers requests": { limits: { history: 1000 } },
  "that answers none": {},
  "that knows topics from its address only": { plain: true },
};
for (const [kind, settings] of Object.entries(kinds)) {
  for (let seed = 1; seed <= 6; seed++) {
    test(`topics of tabs come and go at a server ${kind}, seed ${seed}`, async (t) => {
      const rand = random(seed * 77);
      const int = (n) => Math.floor(rand() * n);
      const server = Object.assign(new Server(), settings);
      server.install(t);
      const worker = new Worker(t, { ringBytes: 20_000, topicsLinger: 10 });
      const tabs = [];
      const wrong = [];
      let step = 0;
      const here = () => tabs.filter(({ left }) => !left);
      const some = () => here()[int(here().length)];
      const list = () => (rand() < 0.05 ? undefined : names.filter(() => rand() < 0.2));
      const open = () => {
        const wanted = list();
        if (wanted?.length === 0) wanted.push("b");
        tabs.push(new Watched(server, worker, { wanted, after: rand() < 0.2 ? `e-${Math.max(server.first, server.log.length - int(20))}` : "" }));
      };
      const early = (tab, name) => step - (tab.dropped.get(name) ?? -longWay) < longWay;
      const changes = [
        (tab) => {
          const next = list() ?? [all];
          if (next.length === 0 || next.some((name) => !tab.names.includes(name) && early(tab, name))) return;
          for (const name of tab.names) if (!next.includes(name)) tab.drop(name, step);
          for (const name of next) if (!tab.names.includes(name)) tab.want(name);
          tab.driver.topics(next[0] === all ? [] : next);
        },
        async (tab) => {
          const name = names[int(names.length)];
          if (tab.names.includes(name) || tab.names.includes(all) || early(tab, name)) return;
          let at = Infinity;
          tab.want(name, settings.limits && (() => at));
          tab.unanswered++;
          at = number(await tab.driver.addTopics([name], {}));
          tab.unanswered--;
        },
        async (tab) => {
          const name = tab.names[int(tab.names.length)];
          if (tab.names.length < 2) return;
          tab.drop(name, step);
          await tab.driver.removeTopics([name]);
        },
      ];
      const steps = [
        () => here().length < 4 && open(),
        () => here().length < 3 && open(),
        () => {
          for (let n = int(20); n >= 0; n--) server.publish(topics[int(topics.length)], int(500));
        },
        () => topics.forEach((topic) => server.publish(topic)),
        () => topics.forEach((topic) => server.publish(topic)),
        () => {
          const tab = some();
          if (tab.start === undefined || tab.frozen) return;
          changes[int(3)](tab)?.catch((error) => error.code === "closed" || wrong.push(error));
        },
        () => rand() < 0.5 && some().back(),
        () => rand() < 0.2 && some().freeze(),
        () => here().forEach((tab) => tab.thaw()),
        () => rand() < 0.3 && server.cut(),
        () => !settings.plain && rand() < 0.1 && (server.first = Math.max(server.first, server.log.length - 60)),
        () => (server.lag = int(3) * int(8)),
        () => {
          if (here().length < 2) return;
          const tab = some();
          tab.driver.stop();
          tab.left = true;
        },
      ];
      open();
      for (step = 0; step < 200; step++) {
        steps[int(steps.length)]();
        for (let n = int(4); n > 0; n--) {
          await turn();
          for (const tab of here()) tab.look();
        }
      }
      server.lag = 0;
      for (const tab of here()) {
        tab.thaw();
        tab.driver.wake("wake");
      }
      await until(
        () =>
          `these are live: ${JSON.stringify(here().map(({ states, names, unanswered, errors, driver: { cursor } }) => ({ states: states.slice(-4), names, unanswered, errors, cursor })))}`,
        () => here().every((tab) => tab.live && tab.unanswered === 0),
      );
      // A list without an answer may still be on its way.
      for (let i = 0; i < 30; i++) {
        await turn();
        await until("it has read all", () => server.unread === 0);
      }
      const end = server.log.length;
      for (const topic of topics) server.publish(topic);
      const last = (tab) => Math.max(0, ...server.log.slice(end).flatMap(({ id, topic }) => (tab.names.some((name) => fits(name, topic)) ? [number(id)] : [])));
      await until(
        () => `they get the last events: ${JSON.stringify(here().map((tab) => ({ names: tab.names, last: last(tab), got: tab.got.slice(-5) })))}`,
        () => here().every((tab) => last(tab) === 0 || number(tab.got.at(-1) ?? "e-0") === last(tab)),
      );
      for (const tab of tabs) {
        tab.check();
        assert.deepEqual(tab.errors, []);
      }
      assert.deepEqual(wrong, []);
      for (const tab of here()) tab.driver.stop();
      await until("nothing is left", () => worker.hub.size === 0 && server.sockets.size === 0);
    });
  }
}
