import assert from "node:assert/strict";
import { after, test } from "node:test";
import { random } from "./testing/random.js";
import { Server, Tab, Worker, closeChannels, turn, until } from "./testing/shared-world.js";

after(closeChannels);

const topics = ["a", "b", "p.x", "p.y"];
const choices = [undefined, ["a"], ["b"], ["a", "b"], ["p.*"], ["p.x", "a"]];

const number = (id = "e-0") => Number(id.slice(2));
const fits = (names, topic) => names.some((name) => name === topic || (name === "p.*" && topic.startsWith("p.")));

/**
 * What a tab must have got: all of its topics after its cursor, and all of those that
 * it added after the position that it was told, but for what a gap told as missing.
 */
function expected(server, { from, wanted, gaps, added }) {
  return server.log
    .filter(({ topic }, i) => i >= from && (!wanted || fits(wanted, topic) || added.some(({ name, at }) => i >= at && fits([name], topic))))
    .filter((event) => !gaps.some(({ after, earliest }) => Number(after.slice(2)) < event.data && event.data < Number(earliest.slice(2))))
    .map(({ id }) => id);
}

// Joins, leaves, freezes, bursts, cuts and a trimmed log, in random order: each tab
// gets every event once and in order, or is told exactly what is missing.
for (let seed = 1; seed <= 8; seed++) {
  test(`random lives of tabs, seed ${seed}`, async (t) => {
    const rand = random(seed);
    const int = (n) => Math.floor(rand() * n);
    const server = new Server();
    server.limits = { history: 1000 };
    server.install(t);
    const worker = new Worker(t, { ringBytes: 20_000 });
    const tabs = [];
    const wrong = [];
    const open = () => {
      const wanted = choices[int(choices.length)];
      const from = Math.max(0, server.log.length - int(rand() < 0.3 ? 200 : 20));
      const tab = new Tab(worker, { topics: wanted, after: `e-${from}`, visible: rand() < 0.5, tuning: { minReconnectDelay: 50, firstRetryWindow: 0 } });
      tabs.push(Object.assign(tab, { from, wanted, added: [], unanswered: 0 }));
      return turn();
    };
    /** Adds a topic; what comes of it between the call and the answer may come, or not. */
    const add = async (tab) => {
      const name = ["a", "b", "p.*"][int(3)];
      const addition = { name, at: Infinity, called: Number(tab.driver.cursor.slice(2)) };
      tab.added.push(addition);
      tab.unanswered++;
      addition.at = Number(
        (await tab.driver.addTopics([name], [{}, { last: 1 + int(3) }, { after: `e-${Math.max(server.first, server.log.length - int(9))}` }][int(3)])).slice(2),
      );
      tab.unanswered--;
    };
    const ask = async (tab) => {
      const name = ["a", "b", "p.*"][int(3)];
      tab.unanswered++;
      const { events, from } = await tab.driver.history({ topic: name, limit: 5 });
      const got = events.map(({ id }) => id);
      const last = Number(got.at(-1)?.slice(2) ?? 0);
      const all = server.log.filter(({ topic }, i) => i >= Number(from.slice(2)) && i < last && fits([name], topic));
      assert.deepEqual(
        got,
        all.map(({ id }) => id),
      );
      tab.unanswered--;
    };
    const here = () => tabs.filter(({ left }) => left === undefined);
    const steps = [
      async () => tabs.length < 12 && (await open()),
      () => {
        for (let n = int(60); n >= 0; n--) server.publish(topics[int(4)], int(3000));
      },
      () => server.publish(topics[int(4)]),
      () => here().length > 1 && here()[int(here().length)].driver.away(),
      () => here().forEach((tab) => tab.driver.wake("wake")),
      () => here().length > 0 && here()[int(here().length)].freeze(),
      () => here().forEach((tab) => tab.thaw()),
      () => {
        const tab = here()[int(here().length)];
        const closed = (error) => error.code === "closed" || wrong.push(error);
        if (tab?.wanted) [add, ask][int(2)](tab).catch(closed);
      },
      () => rand() < 0.3 && server.cut(),
      () => rand() < 0.1 && (server.first = Math.max(server.first, server.log.length - 100)),
      () => {
        const tab = here()[int(here().length)];
        if (!tab || here().length < 2 || rand() < 0.7) return;
        tab.driver.stop();
        tab.left = server.log.length;
      },
    ];
    await open();
    for (let i = 0; i < 120; i++) {
      await steps[int(steps.length)]();
      for (let n = int(4); n > 0; n--) await turn();
    }
    for (const tab of tabs) tab.thaw();
    for (const tab of here()) tab.driver.wake("wake");
    for (const topic of topics) server.publish(topic);
    const complete = (tab) => tab.live && tab.unanswered === 0 && number(tab.got.at(-1)) >= number(expected(server, tab).at(-1));
    const story = () =>
      JSON.stringify(
        tabs
          .filter((tab) => tab.left === undefined && !complete(tab))
          .map(({ states, from, wanted, added, unanswered, got, gaps, errors }) => ({
            states,
            from,
            wanted,
            added,
            unanswered,
            got: got.slice(-3),
            gaps,
            errors,
          })),
      );
    await until(
      () => `all ${server.log.length} events are with ${story()}`,
      () => here().every(complete),
    );
    for (const tab of tabs) {
      const need = new Set(expected(server, tab));
      const may = new Set([...need, ...expected(server, { ...tab, added: tab.added.map(({ name, called }) => ({ name, at: called })) })]);
      const want = [...may].filter((id) => need.has(id) || tab.got.includes(id)).sort((a, b) => a.slice(2) - b.slice(2));
      assert.deepEqual(tab.got, tab.left === undefined ? want : want.slice(0, tab.got.length), `${tab.wanted} from ${tab.from}: ${JSON.stringify(tab.gaps)}`);
      assert.deepEqual(tab.errors, []);
    }
    assert.deepEqual(wrong, []);
    for (const tab of here()) tab.driver.stop();
    await until("nothing is left", () => worker.hub.size === 0 && server.sockets.size === 0);
    assert.ok(server.closes.every((code) => code === 1000));
  });
}
