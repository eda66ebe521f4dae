// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { BasicSession } from "./basic-session.js";
import { play } from "./testing/story.js";

// What the basic session does in another way than the engine's: it has one socket.

/** @param {number} at @param {string} type @param {object} [fields] */
const is = (at, type, fields = {}) => ({ at, input: { type, generation: 1, ...fields } });
/** Live on a feed since 10 ms; its last answer came at 20 ms. */
const live = [is(0, "start"), is(0, "urlReady"), is(10, "opened"), is(10, "hello", { position: "e-0", live: true }), is(20, "pong")];
/** The same, with pongs until just before 8 s, so that the connection has lasted. */
const lasted = [...live, is(5_100, "pong"), is(7_900, "frame")];

/** What happens from `from` on, without what was there before. */
function after(from, steps, options) {
  return play(steps, options).lines.filter((line) => Number.parseFloat(line) >= from);
}

for (const [name, from, steps, want, options] of /** @type {[string, number, any[], string[], object?][]} */ ([
  ["a quiet feed is asked after five seconds, and a page that is hidden after 25", 21, [...live, { at: 5_100 }], ["5020 ping 1"]],
  ["hidden: after 25 seconds", 21, [...live, { at: 25_100 }], ["25010 ping 1"], { visible: false }],
  [
    "silence is shown after two seconds and ends the socket after ten",
    8_000,
    [...lasted, { at: 23_000 }],
    [
      "12900 ping 1",
      "14900 checking since=14900 attempt=0 retry=never silence",
      "22900 abandon 1 4000 no answer to a ping",
      "22900 dial 2 after=e-0 fresh=false attempt=0 previous=silence,7890,15000",
      "22900 reconnecting since=22900 attempt=0 retry=never silence",
    ],
  ],
  ["an answer in time is none the worse", 8_000, [...lasted, is(14_800, "pong"), { at: 19_000 }], ["12900 ping 1"]],
  ["a late answer ends the doubt", 14_950, [...lasted, is(15_000, "pong"), { at: 19_900 }], ["15000 live since=15000 attempt=0 retry=never "]],
  ["so does any frame", 14_950, [...lasted, is(15_000, "frame"), { at: 19_900 }], ["15000 live since=15000 attempt=0 retry=never "]],
  [
    "a wake asks at once, and a dead connection is replaced after two seconds",
    8_000,
    [...lasted, is(8_000, "wake"), { at: 10_100 }],
    [
      "8000 ping 1",
      "8000 checking since=8000 attempt=0 retry=never wake",
      "10000 abandon 1 4000 no answer to a ping",
      "10000 dial 2 after=e-0 fresh=false attempt=0 previous=wake,7890,2100",
      "10000 reconnecting since=10000 attempt=0 retry=never wake",
    ],
  ],
  ["a frame that came out of a buffer is no proof after a wake", 8_001, [...lasted, is(8_000, "wake"), is(8_249, "frame")], []],
  ["a frame that came later is", 8_001, [...lasted, is(8_000, "wake"), is(8_250, "frame")], ["8250 live since=8250 attempt=0 retry=never "]],
  [
    "two signs of one wake are one ping",
    8_000,
    [...lasted, is(8_000, "wake"), is(8_099, "visible", { on: true })],
    ["8000 ping 1", "8000 checking since=8000 attempt=0 retry=never wake"],
  ],
  [
    "both are answered by the last pong",
    8_101,
    [...lasted, is(8_000, "wake"), is(8_100, "wake"), is(8_101, "pong"), is(8_102, "pong")],
    ["8102 live since=8102 attempt=0 retry=never "],
  ],
  [
    "a closed socket after a wake is dialed anew at once",
    8_001,
    [...lasted, is(8_000, "wake"), is(8_010, "closed", { code: 1006 })],
    ["8010 dial 2 after=e-0 fresh=false attempt=0 previous=wake,7890,110", "8010 reconnecting since=8010 attempt=0 retry=never wake"],
  ],
  [
    "a short sleep is a wake",
    8_000,
    [...lasted, { at: 8_000, sleep: 10_000 }, is(8_000, "tick")],
    ["8000 ping 1", "8000 checking since=18000 attempt=0 retry=never sleep"],
  ],
  [
    "a minute of sleep replaces the connection",
    8_000,
    [...lasted, { at: 8_000, sleep: 60_000 }, is(8_000, "tick")],
    [
      "8000 abandon 1 4000 no answer to a ping",
      "8000 dial 2 after=e-0 fresh=false attempt=0 previous=sleep,7890,60100",
      "8000 reconnecting since=68000 attempt=0 retry=never sleep",
    ],
  ],
  [
    "the network went away: asked, and offline when no answer comes",
    8_000,
    [...lasted, is(8_000, "online", { on: false })],
    ["8000 ping 1", "8000 offline since=8000 attempt=0 retry=never network"],
  ],
  [
    "a hidden page that is shown asks",
    8_000,
    [...lasted, is(7_950, "visible", { on: false }), is(8_000, "visible", { on: true })],
    ["8000 ping 1", "8000 checking since=8000 attempt=0 retry=never wake"],
  ],
  [
    "a dial gets more time after each that took too long",
    0,
    [is(0, "start"), is(0, "urlReady"), { at: 5_500 }, is(5_500, "urlReady", { generation: 2 }), { at: 15_400 }, { at: 15_600 }],
    [
      "0 dial 1 after= fresh=false attempt=0 previous=",
      "0 connecting since=0 attempt=0 retry=never ",
      "5000 abandon 1 1000 dial timed out",
      "5000 connecting since=0 attempt=1 retry=500 the connection attempt was not answered",
      "5500 dial 2 after= fresh=false attempt=1 previous=",
      "5500 connecting since=0 attempt=1 retry=never the connection attempt was not answered",
      "15500 abandon 2 1000 dial timed out",
      "15500 connecting since=0 attempt=2 retry=1000 the connection attempt was not answered",
    ],
  ],
  [
    "a server that says nothing",
    20,
    [is(0, "start"), is(0, "urlReady"), is(10, "opened"), { at: 10_100 }],
    ["10010 abandon 1 4000 no answer to a ping", "10010 connecting since=0 attempt=1 retry=500 connected, but the server neither spoke nor answered a ping"],
  ],
  [
    "another network: a dial of a second ago is made again",
    1_000,
    [is(0, "start"), is(0, "urlReady"), is(1_000, "network")],
    ["1000 abandon 1 1000 dial made again after a wake", "1000 dial 2 after= fresh=false attempt=0 previous="],
  ],
  [
    "server advice means real time, also in a sleep",
    8_000,
    [...lasted, is(8_000, "closed", { code: 1012, reason: "retry=20000" }), { at: 9_000, sleep: 19_000 }, is(9_000, "tick")],
    [
      "8000 reconnecting since=8000 attempt=0 retry=20000 closed",
      "9000 dial 2 after=e-0 fresh=false attempt=0 previous=closed,7990,20000",
      "9000 reconnecting since=8000 attempt=0 retry=never closed",
    ],
  ],
  ["inputs for another socket", 8_000, [...lasted, is(8_000, "pong", { generation: 7 }), is(8_000, "closed", { generation: 7, code: 4403 })], []],
])) {
  test(name, () => assert.deepEqual(after(from, steps, options), want));
}

test("it goes on with the generation and the past of the session before", () => {
  const { lines } = play([is(0, "start"), is(1, "closed", { generation: 8, code: 1006 })], { after: "e-3" }, { generation: 7, wasLive: true });
  assert.deepEqual(lines.slice(0, 2), ["0 dial 8 after=e-3 fresh=false attempt=0 previous=", "0 reconnecting since=0 attempt=0 retry=never "]);
});

test("the facts of a session before its first input, and of a live one", () => {
  const fresh = play([], {}, { generation: 3 }).session.facts();
  assert.deepEqual([fresh.generation, fresh.phase, fresh.state, fresh.away, fresh.askedAt, fresh.doublings], [3, "", "stopped", false, 0, 0]);
  const { session } = play([...lasted, is(7_950, "events", { ids: ["e-1", "e-2"] }), is(8_000, "wake")]);
  const facts = session.facts();
  assert.deepEqual(
    [facts.generation, facts.phase, facts.cursor, facts.ids, facts.times, facts.state, facts.doubt, facts.askedAt, facts.pings, facts.lastFrame, facts.wasLive],
    [1, "open", "e-2", ["e-1", "e-2"], [7_950, 7_950], "checking", "wake", 8_000, 1, 7_950, true],
  );
});

test("an old library may have given arrays an entries() of its own", (t) => {
  const { entries } = Array.prototype;
  t.after(() => Object.assign(Array.prototype, { entries }));
  Array.prototype.entries = function () {
    return /** @type {any} */ (this.slice()); // as Prototype.js does
  };
  const { lines, session } = play([...lasted, is(7_950, "events", { ids: ["e-1", "e-2"] })]);
  assert.deepEqual([lines.at(-1), session.facts().cursor], ["7950 deliver 11 held=0 cursor=e-2", "e-2"]);
});

test("a dial whose limit ended in a freeze gives the next one no more time, one that was watched does", () => {
  for (const [late, doublings] of [
    [0, 1],
    [2_000, 1],
    [2_001, 0],
  ]) {
    const session = new BasicSession({ visible: false, online: true }, () => 0.5);
    session.step({ type: "start" }, 0, 0);
    session.step({ type: "urlReady", generation: 1 }, 0, 0);
    const end = 5_000 + late;
    const effects = session.step({ type: "tick" }, end, end);
    assert.ok(effects.some(({ type }) => type === "abandon"));
    assert.equal(session.facts().doublings, doublings, `${late} ms late`);
  }
});
