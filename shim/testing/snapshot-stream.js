// A stream of snapshots for one test, and what it asks of its host, as lines.
import assert from "node:assert/strict";
import { SnapshotStream } from "../snapshot.js";

/** A stream, and what it asks of its host, as lines. */
export function setup({ after = "", random = 0.5, most, greeted = true, chooses = false } = {}) {
  const log = [];
  let now = 0;
  let due = -1;
  let number = 0;
  const stream = new SnapshotStream(
    {
      load: (call) => {
        number = call.number;
        log.push(`load ${call.reason}`);
      },
      abort: () => log.push("abort"),
      ask: () => log.push("ask"),
      resume: (at) => log.push(`resume ${at}`),
      give: ({ at, data, reason }) => log.push(`give ${at} ${data} ${reason}`),
      replay: (items) => log.push(...items.map(({ id }) => `event ${id}`)),
      deliver: ({ id }) => log.push(`event ${id}`),
      failed: ({ message, attempt, wait }) => log.push(`failed ${attempt} ${wait} ${message}`),
      changed: () => {},
      timer: (at) => (due = at),
    },
    after,
    () => now,
    () => random,
    most,
    () => chooses,
  );
  if (greeted) stream.greeted();
  const take = () => log.splice(0).filter((line) => line !== "abort");
  return {
    stream,
    log,
    take,
    /** A tick when the timer says, and at the end. */
    pass(ms) {
      for (const end = now + ms; ; ) {
        now = due >= 0 && due <= end ? Math.max(now, due) : end;
        if (now === end && !(due >= 0 && due <= end)) break;
        due = -1;
        stream.tick();
        if (now === end) break;
      }
      return take();
    },
    due: () => due,
    newest: (id) => stream.newest({ event: { id }, id, at: now }),
    event: (id) => stream.event({ event: { id }, id, at: now }),
    answer: (value, of = number) => stream.loaded(of, value),
    fail: (text) => stream.failed(number, text, new Error(text)),
    number: () => number,
  };
}

export const state = (at) => ({ at, data: "s" });
export const gap = (reason, after = "e-5") => ({ after, earliest: "", reason });

/** A stream whose feed is live at e-5, and that has called for its first snapshot. */
export function started(options) {
  const s = setup(options);
  s.stream.start();
  s.stream.moved("e-5");
  s.stream.status(true);
  assert.deepEqual(s.take(), ["load start"]);
  return s;
}

/** The same, with its snapshot. */
export function given(options) {
  const s = started(options);
  s.answer(state("e-5"));
  assert.deepEqual(s.take(), ["give e-5 s start"]);
  return s;
}
