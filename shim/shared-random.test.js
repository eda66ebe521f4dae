import assert from "node:assert/strict";
import { after, test } from "node:test";
import { random } from "./testing/random.js";
import { Server, Tab, Worker, closeChannels, turn, until } from "./testing/shared-world.js";

after(closeChannels);

const topics = ["a", "b", "p.x", "p.y"];
const choices = [undefined, ["a"], ["b"], ["a", "b"], ["p.*"], ["p.x", "a"]];

/** What a tab must have got: all of its topics after its cursor, but for what a gap told as missing. */
function expected(server, { from, wanted, gaps }) {
  const matches = (topic) => wanted === undefined || wanted.some((name) => name === topic || (name === "p.*" && topic.startsWith("p.")));
  return server.log
    .filter((event, i) => i >= from && matches(event.topic))
    .filter((event) => !gaps.some(({ after, earliest }) => Number(after.slice(2)) < event.data && event.data < Number(earliest.slice(2))))
    .map(({ id }) => id);
}

// Joins, leaves, freezes, bursts, cuts and a trimmed log, in random order: each tab
// gets every event once and in order, or is told exactly what is missing.
for (let seed = 1; seed <= 6; seed++) {
  test(`random lives of tabs, seed ${seed}`, async (t) => {
    const rand = random(seed);
    const int = (n) => Math.floor(rand() * n);
    const server = new Server();
    server.install(t);
    const worker = new Worker(t, { ringBytes: 20_000 });
    const tabs = [];
    const open = () => {
      const wanted = choices[int(choices.length)];
      const from = Math.max(0, server.log.length - int(rand() < 0.3 ? 200 : 20));
      const tab = new Tab(worker, { topics: wanted, after: `e-${from}`, visible: rand() < 0.5, tuning: { minReconnectDelay: 50, firstRetryWindow: 0 } });
      tabs.push(Object.assign(tab, { from, wanted }));
      return turn();
    };
    const here = () => tabs.filter(({ left }) => !left);
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
    const complete = (tab) => tab.live && tab.got.at(-1) === expected(server, tab).at(-1);
    const story = () =>
      JSON.stringify(
        tabs
          .filter((tab) => !tab.left && !complete(tab))
          .map(({ states, from, wanted, got, gaps, errors }) => ({ states, from, wanted, got: got.slice(-3), gaps, errors })),
      );
    await until(
      () => `all ${server.log.length} events are with ${story()}`,
      () => here().every(complete),
    );
    for (const tab of tabs) {
      const want = expected(server, tab);
      assert.deepEqual(tab.got, tab.left === undefined ? want : want.slice(0, tab.got.length), `${tab.wanted} from ${tab.from}: ${JSON.stringify(tab.gaps)}`);
      assert.deepEqual(tab.errors, []);
    }
    for (const tab of here()) tab.driver.stop();
    await until("nothing is left", () => worker.hub.size === 0 && server.sockets.size === 0);
    assert.ok(server.closes.every((code) => code === 1000));
  });
}
