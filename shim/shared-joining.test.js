import assert from "node:assert/strict";
import { after, test } from "node:test";
import { closeChannels, sharedWorld, turn, until } from "./testing/shared-world.js";

after(closeChannels);

const answering = { history: 1000, topics: 4 };
const tuning = { minReconnectDelay: 50, firstRetryWindow: 0 };
/** A tab that is live, of a server that reads late what it is sent. */
async function world(t, { limits = answering, plain = false, topics = ["a"] } = {}) {
  const made = sharedWorld(t);
  Object.assign(made.server, { limits, plain });
  const first = await made.openLive({ topics, tuning });
  made.server.publish("a");
  await until("it has its event", () => first.got.length === 1);
  made.server.lag = 10;
  return { ...made, first };
}

const servers = [
  { name: "answers requests" },
  { name: "answers none", limits: null, connections: 2 },
  { name: "knows topics from its address only", plain: true, connections: 2 },
];
for (const { name, connections = 1, ...kind } of servers) {
  test(`a tab with new topics is live when the server follows them, one that ${name}`, async (t) => {
    const { server, open, first } = await world(t, kind);
    const tab = open({ topics: ["b"], tuning });
    for (let i = 0; !tab.live; i++) {
      server.publish(i % 2 ? "a" : "b");
      assert.ok(i < 1000, JSON.stringify([tab.states, tab.driver.cursor]));
      await turn();
    }
    const live = server.log.length;
    const { cursor } = tab.driver;
    for (let i = 0; i < 20; i++) {
      server.publish(i % 2 ? "a" : "b");
      await turn();
    }
    const from = cursor ? Math.min(live, Number(cursor.slice(2))) : live;
    const late = () => tab.got.filter((id) => Number(id.slice(2)) > from);
    const want = server.log.filter(({ topic }, i) => topic === "b" && i >= from).map(({ id }) => id);
    await until(
      () => `${want} after ${cursor} come, not ${tab.got}`,
      () => late().at(-1) === want.at(-1),
    );
    assert.deepEqual(late(), want);
    assert.deepEqual(tab.states, ["connecting", "live"]);
    assert.deepEqual([...tab.errors, ...first.errors, ...tab.gaps], []);
    assert.equal(server.dials.length, connections);
  });
}

test("a connection of its own, for topics that its server does not say it follows, ends with the shared one", async (t) => {
  const { server, openLive } = await world(t, { limits: null });
  const tab = await openLive({ topics: ["quiet"], tuning });
  assert.equal(server.sockets.size, 2);
  server.cut();
  await until("both are back", () => tab.live && server.dials.length >= 3);
  await until("the address of the shared one had the topic", () => server.sockets.size === 1);
  server.publish("quiet");
  await until("it has the event", () => tab.got.length === 1);
  assert.deepEqual([tab.got, tab.gaps], [["e-2"], []]);
});

test("a connection that is lost just after a tab has begun brings nothing of before", async (t) => {
  const { server, open, first } = await world(t);
  const tab = open({ topics: ["b"], tuning });
  for (let i = 0; !tab.live; i++) {
    if (i < 3) server.publish("b");
    await turn();
  }
  assert.equal(tab.driver.cursor, "e-4");
  server.cut();
  await until("both are back", () => server.dials.length === 2 && tab.live && first.live);
  assert.match(server.dials[1], /after=e-4/);
  server.publish("b");
  await until("it has the event", () => tab.got.at(-1) === "e-5");
  assert.deepEqual(tab.got, ["e-5"]);
});

for (const [what, topics, says] of [
  [
    "that are too many beside those of others",
    ["b", "c", "d", "e"],
    /^beside those of other tabs, the topics stay as they are: 5 were asked for, and the server accepts at most 4$/,
  ],
  ["that the server refuses", ["b", "never"], /^beside those of other tabs, the server says: topics were not changed$/],
]) {
  test(`a tab with topics ${what} gets a connection of its own, and takes nothing from the others`, async (t) => {
    const { server, open, openLive, first } = await world(t);
    const tab = open({ topics, tuning });
    await until("it is told to connect for itself", () => tab.alone.length > 0);
    assert.match(tab.alone[0], says);
    const other = await openLive({ topics: ["b"], tuning });
    await until("the server has its topic", () => [...server.sockets][0].topics.join() === "a,b");
    for (const topic of ["a", "b"]) server.publish(topic);
    await until("both have theirs", () => first.got.length === 2 && other.got.length === 1);
    assert.deepEqual([tab.states.includes("live"), ...first.errors, ...other.errors], [false]);
    assert.equal(server.dials.length, 1);
  });

  test(`topics ${what} do not take the place of those that a tab has`, async (t) => {
    const { server, openLive, first } = await world(t);
    const tab = await openLive({ topics: ["b"], tuning });
    tab.driver.topics(topics.filter((name) => name !== "b").concat("f"));
    await until("it is told", () => tab.errors.length > 0);
    assert.match(tab.errors[0], what.includes("server") ? /^message-invalid: .*topics were not changed/ : /^too-many-topics: the topics stay/);
    await until("the server has the topics of before", () => server.unread === 0 && [...server.sockets][0].topics.join() === "a,b");
    for (const topic of ["a", "b"]) server.publish(topic);
    await until("both have theirs", () => first.got.length === 2 && tab.got.length === 1);
    assert.deepEqual([tab.errors.length, tab.alone, first.errors], [1, [], []]);
  });
}

test("a feed that fails before the server has answered fails for the tab that joins, too, and is tried again", async (t) => {
  const { server, open, first } = await world(t);
  server.lag = 1000;
  const tab = open({ topics: ["b"], tuning });
  await until("the server is asked", () => server.unread > 0);
  for (const socket of server.sockets) {
    socket.readyState = 3;
    socket.onclose({ code: 4403, reason: "no" });
  }
  await until("both have failed", () => first.status.name === "failed" && tab.status.name === "failed");
  assert.deepEqual([first.alone, tab.alone], [[], []]);
  server.lag = 0;
  tab.driver.reconnect();
  await until(
    () => `both are live: ${JSON.stringify([first.states, tab.states, first.errors, tab.errors, server.dials.slice(1), server.sockets.size])}`,
    () => first.live && tab.live,
  );
  server.publish("b");
  await until("it has its event", () => tab.got.length === 1);
});
