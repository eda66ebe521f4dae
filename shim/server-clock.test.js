import assert from "node:assert/strict";
import { test } from "node:test";
import { PageClock } from "./page-clock.js";
import { ServerClock } from "./server-clock.js";
import { clocks } from "./testing/clocks.js";

const start = 1_800_000_000_000; // of both wall clocks

test("before the server has told its time, the page's wall clock is taken", (t) => {
  const time = clocks(t);
  const server = new ServerClock(new PageClock());
  assert.equal(server.age(start - 7000), 7000);
  time.setWall(-3_600_000);
  time.pass(1000);
  assert.equal(server.age(start - 7000), 8000, "it is read once");
});

test("a hello tells the server's time, however wrong the page's clock is", (t) => {
  const time = clocks(t);
  const server = new ServerClock(new PageClock());
  server.hello(start - 3_600_000);
  time.pass(2000);
  assert.equal(server.age(start - 3_600_000), 2000);
  const other = new ServerClock(new PageClock());
  other.hello(start + 3_600_000);
  assert.equal(other.age(start + 3_600_000), 0);
});

test("the quickest frame counts", (t) => {
  const time = clocks(t);
  const server = new ServerClock(new PageClock());
  server.hello(start - 5000); // 5 s under way
  server.event(start); // none
  server.event(start - 9000);
  assert.equal(server.age(start - 9000), 9000);
  time.pass(100);
  server.hello(start + 40); // 60 ms under way
  assert.equal(server.age(start), 100);
});

test("a server's clock that was set back is believed when no delay explains it", (t) => {
  clocks(t);
  const server = new ServerClock(new PageClock());
  server.hello(start);
  server.hello(start - 60_000);
  assert.equal(server.age(start - 60_000), 60_000);
  server.hello(start - 60_001);
  assert.equal(server.age(start - 60_001), 0);
});

test("no age is below zero", (t) => {
  clocks(t);
  const server = new ServerClock(new PageClock());
  server.hello(start);
  assert.equal(server.age(start + 500), 0);
});

test("half of the quickest round trip is added", (t) => {
  clocks(t);
  const server = new ServerClock(new PageClock());
  server.hello(start);
  server.roundTrip(80);
  assert.equal(server.age(start), 40);
  server.roundTrip(200);
  assert.equal(server.age(start), 40);
  server.roundTrip(60);
  assert.equal(server.age(start), 30);
});

test("a sleep that the server has not seen was a clock that was set", (t) => {
  const time = clocks(t);
  const page = new PageClock();
  const server = new ServerClock(page);
  server.hello(start);
  const before = page.now();
  time.setWall(600_000);
  page.explain(true);
  assert.equal(server.age(start), 600_000);
  server.hello(start);
  assert.equal(server.age(start), 0);
  assert.equal(page.now(), before);
});

test("a sleep that the server has seen stays one", (t) => {
  const time = clocks(t);
  const page = new PageClock();
  const server = new ServerClock(page);
  server.hello(start);
  time.setWall(600_000);
  page.explain(true);
  server.hello(start + 600_000);
  assert.equal(server.age(start), 600_000);
});

test("a sleep that no clock of the page has seen is seen by the server's", (t) => {
  clocks(t);
  const server = new ServerClock(new PageClock());
  server.hello(start);
  server.event(start + 90_000);
  assert.equal(server.age(start), 90_000);
});

test("a clock that was set before a hello, and before anybody asked, changes no age after it", (t) => {
  const time = clocks(t);
  const page = new PageClock();
  const server = new ServerClock(page);
  for (const jump of [600_000, -3_600_000, 900_000]) {
    time.setWall(jump);
    server.hello(start);
    page.explain(true);
    assert.equal(server.age(start), 0);
  }
});
