// Loads the file MUTANT wherever the file MUTANT_OF is imported.
import { register } from "node:module";

const hooks = `
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
const replaced = pathToFileURL(process.env.MUTANT_OF).href;
export async function load(url, context, next) {
  if (url.split("?")[0] !== replaced) return next(url, context);
  return { format: "module", shortCircuit: true, source: await readFile(process.env.MUTANT, "utf8") };
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
