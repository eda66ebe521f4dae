import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { inputOf } from "./control-frames.js";
import { dialAddress } from "./dialer.js";
import { Latest } from "./latest.js";
import { FrameParts } from "./frame-parts.js";
import { readFrame } from "./frame.js";

// The vectors of the protocol: Go, this client and servers in other languages read the same.
const vectors = (name) => JSON.parse(readFileSync(new URL(`../wasm/wire/testdata/${name}.json`, import.meta.url), "utf8"));

/** What the session learns of the optional parts of control frames. */
const zero = { resumed: false, live: false, heartbeat: 0, spread: 0 };

for (const { name, frame, means } of vectors("frames")) {
  if (means.type === "pong") continue;
  test(`frame: ${name}`, () => {
    const events = [];
    const controls = [];
    const errors = [];
    readFrame(frame, {
      event: (event, id) => events.push({ ...event, id }),
      control: (control) => controls.push(control),
      error: (error) => errors.push(error.code),
    });
    const expected = means.type === "events" ? means : { events: [], errors: means.type === "malformed" ? 1 : 0 };
    assert.deepEqual(
      events.map(({ id, data }) => ({ id, data })),
      expected.events.map(({ id, data }) => ({ id, data })),
    );
    assert.equal(errors.length, expected.errors ?? 0, errors.join());
    if (events.length > 0 || errors.length > 0) return;
    const input = controls.length > 0 ? inputOf(3, controls[0]) : { type: "frame", generation: 3 };
    const { type, at, spread, gap, ...rest } = { ...zero, ...means };
    if (type === "hello") {
      const { resumed, live, heartbeat } = rest;
      const hello = { type, generation: 3, resumed, position: at, live, heartbeat, firstRetryWindow: spread, gap: gap ?? null };
      assert.deepEqual({ ...input, ...hello }, input);
    } else if (type === "position") {
      assert.deepEqual(input, { type, generation: 3, position: at, live: rest.live });
    } else {
      assert.notEqual(input.type, "hello");
      assert.notEqual(input.type, "position");
      assert.equal(controls[0]?.wakesocket === type || type === "none", true);
    }
  });
}

for (const { name, messages, frames } of vectors("parts")) {
  test(`parts: ${name}`, () => {
    const parts = new FrameParts();
    assert.deepEqual(
      messages.map((message) => parts.join(message)).filter((frame) => frame !== undefined),
      frames,
    );
  });
}

test("parts begin with the words of the protocol", () => {
  const { more, last } = vectors("words").parts;
  const parts = new FrameParts();
  assert.equal(parts.join(`${more}a`), undefined);
  assert.equal(parts.join(`${last}b`), "ab");
});

for (const { name, query, means, refused } of vectors("queries")) {
  if (refused || !means.control) continue;
  test(`query: ${name}`, () => {
    const words = vectors("words").query;
    const names = new Set(Object.values(words));
    const given = new URLSearchParams(query);
    const own = new URLSearchParams([...given].filter(([key]) => !names.has(key)));
    const previous = means.previous ? `${means.previous.cause},${means.previous.up},${means.previous.down}` : "";
    const latest = new Latest(new Map(Object.entries(means.latest ?? {})), means.since);
    const href = dialAddress(`ws://h/feed?${own}`, { after: means.after ?? "", previous }, means.client, means.topics, false, latest.query(means.topics ?? []));
    const got = new URL(href).searchParams;
    if (!means.previous) given.delete(words.previous);
    got.sort();
    given.sort();
    assert.deepEqual([...got], [...given]);
  });
}
