import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const url = "wasm-exec:go";

export async function resolve(specifier, context, next) {
  return specifier === "wasm_exec" ? { url, shortCircuit: true } : next(specifier, context);
}

export async function load(href, context, next) {
  if (href !== url) return next(href, context);
  const root = execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim();
  const source = `export default function (globalThis) {
const fs = { writeSync: (fd, bytes) => globalThis.fs.writeSync(fd, bytes) };
${readFileSync(`${root}/lib/wasm/wasm_exec.js`, "utf8")}
return globalThis.Go; }`;
  return { format: "module", source, shortCircuit: true };
}
