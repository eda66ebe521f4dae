import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { durations } from "./boundary.gen.js";
import { checkOptions } from "./options.js";
import { gapReasons, release, serverErrorCodes } from "./wire.gen.js";

const read = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const types = read("./shim.d.ts");
const words = JSON.parse(read("../wasm/wire/testdata/words.json"));

/** The strings of a union in shim.d.ts. */
function union(name) {
  const text = new RegExp(`export type ${name} =([^;]*);`).exec(types)?.[1] ?? "";
  return [...text.matchAll(/"([^"]*)"/g)].map(([, word]) => word).sort();
}

test("the types know the words of the protocol", () => {
  assert.deepEqual(union("GapReason"), [...words.gapReasons].sort());
  assert.deepEqual(union("ServerErrorCode"), [...words.errorCodes].sort());
  assert.deepEqual([gapReasons, serverErrorCodes], [words.gapReasons, words.errorCodes], "and so does the shim");
});

test("the states are those of the session", () => {
  const generated = /@typedef \{([^}]*)\} StateName/.exec(read("./boundary.gen.js"))[1].match(/[a-z]+/g);
  const named = [...types.matchAll(/readonly name: ("[a-z]+"(?: \| "[a-z]+")+);/g)].flatMap(([, names]) => names.match(/[a-z]+/g));
  assert.deepEqual(named.sort(), generated.sort());
});

test("each code of an error that the shim makes is in the types, and no other", () => {
  const sources = readdirSync(new URL(".", import.meta.url)).filter((name) => name.endsWith(".js") && !name.endsWith(".test.js"));
  const made = new Set(["server"]); // in control-frames.js
  for (const name of sources) {
    for (const [, code] of read(`./${name}`).matchAll(/WakesocketError\(\s*"([a-z-]+)"/g)) made.add(code);
  }
  assert.deepEqual(
    [...new Set([...made, ...serverErrorCodes])].sort(),
    [...new Set([...["ErrorCode", "FrameErrorCode", "SetupErrorCode"].flatMap(union), ...serverErrorCodes])].sort(),
  );
});

test("each option has a comment that begins with its name and ends with its default", () => {
  const options = /export interface Options(?:<[^>]*>)? \{([\s\S]*?)\n\}/.exec(types)[1];
  const documented = [...options.matchAll(/\/\*\*([\s\S]*?)\*\/\s*(\w+)\?:/g)];
  assert.deepEqual(documented.length, options.match(/^ {2}\w+\?:/gm).length);
  for (const [, comment, name] of documented) {
    const text = comment.replace(/\s*\*\s*/g, " ").trim();
    assert.ok(text.startsWith(`${name} `), `${name}: ${text}`);
    assert.match(text, /Defaults to [^.]+\.$|Defaults to the console, .*\.$|Defaults to .*none\.$/, name);
  }
  const known = documented.map(([, , name]) => name);
  assert.throws(
    () => checkOptions({ nonsense: 1 }),
    ({ message }) => message === `unknown option "nonsense"; known are ${sorted(known, message)}`,
  );
  assert.ok(durations.every((name) => known.includes(name)));
});

/** The names in the order of the message, so that only the sets are compared. */
function sorted(names, message) {
  return [...names].sort((a, b) => message.indexOf(a) - message.indexOf(b)).join(", ");
}

test("the version is one", () => {
  assert.match(release, /^\d+\.\d+\.\d+$/);
  assert.match(read("../wasm/wire/release.go"), new RegExp(`const Release = "${release}"`));
});
