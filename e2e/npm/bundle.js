// Builds the pages with each bundler: node bundle.js OUT_DIR. The package is in
// node_modules as a project has it.
import { execSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import nodeResolve from "@rollup/plugin-node-resolve";
import * as esbuild from "esbuild";
import { rollup } from "rollup";
import * as vite from "vite";
import webpack from "webpack";

const out = process.argv[2];
const wasm = "node_modules/wakesocket/client.wasm";
const page = (script, body = "<wakesocket-badge></wakesocket-badge>", head = "") =>
  `<!doctype html><meta charset="utf-8"><title>wakesocket</title><link rel="icon" href="data:,">${head}${body}<script type="module" src="${script}"></script>\n`;

async function folder(name, html) {
  await mkdir(`${out}/${name}`, { recursive: true });
  await writeFile(`${out}/${name}/index.html`, html);
  return `${out}/${name}`;
}

/** A project's sources, in a path with a space. */
async function sources(name) {
  const root = await folder(`sources of ${name}`, page("./main.js"));
  await symlink(`${process.cwd()}/node_modules`, `${root}/node_modules`);
  for (const file of ["main.js", "told.js"]) await cp(`pages/${file}`, `${root}/${file}`);
  return root;
}

/** Checks that a debugger finds the package's modules in the source maps of a bundle. */
async function mapped(folder) {
  const maps = (await readdir(folder)).filter((name) => name.endsWith(".js.map"));
  const sources = (await Promise.all(maps.map((name) => readFile(`${folder}/${name}`, "utf8")))).flatMap((text) => JSON.parse(text).sources);
  if (!sources.some((source) => source.endsWith("wakesocket/index.js"))) throw new Error(`the source maps of ${folder} name only ${sources}`);
}

/** The line that the README gives to those whose bundler copies no assets. */
async function copyWasm(to) {
  const [, line] = (await readFile("node_modules/wakesocket/README.md", "utf8")).match(/^(cp \S+ )dist\/$/m);
  execSync(`${line}'${to}/'`);
}

/** The package in an older version, as a dependency may bring it along. */
const older = {
  name: "older",
  setup(build) {
    build.onResolve({ filter: /^wakesocket-older(\/badge)?$/ }, ({ path }) => ({ path: path.endsWith("badge") ? "badge" : "index", namespace: "older" }));
    build.onLoad({ filter: /.*/, namespace: "older" }, async ({ path }) => {
      const text = await readFile(`node_modules/wakesocket/${path}.js`, "utf8");
      const [line, version] = text.match(/^var release = "(.*)";$/m);
      return { contents: text.replace(line, line.replace(version, "0.0.1")), resolveDir: "." };
    });
  },
};

const builds = {
  async plain() {
    const to = await folder("plain", page("./main.js"));
    await cp("node_modules/wakesocket", `${to}/wakesocket`, { recursive: true });
    const main = await readFile("pages/main.js", "utf8");
    await writeFile(`${to}/main.js`, main.replace('"wakesocket"', '"./wakesocket/index.js"').replace('"wakesocket/badge"', '"./wakesocket/badge.js"'));
    await cp("pages/told.js", `${to}/told.js`);
  },
  async importmap() {
    const map = { imports: { wakesocket: "./wakesocket/index.js", "wakesocket/badge": "./wakesocket/badge.js" } };
    const to = await folder("importmap", page("./main.js", undefined, `<script type="importmap">${JSON.stringify(map)}</script>`));
    await cp("node_modules/wakesocket", `${to}/wakesocket`, { recursive: true });
    for (const file of ["main.js", "told.js"]) await cp(`pages/${file}`, `${to}/${file}`);
  },
  async vite() {
    await vite.build({ root: await sources("vite"), base: "/vite/", logLevel: "error", build: { outDir: `${out}/vite`, emptyOutDir: true, sourcemap: true } });
    await mapped(`${out}/vite/assets`);
  },
  async webpack() {
    const to = await folder("webpack", page("./main.js"));
    const entry = `${await sources("webpack")}/main.js`;
    const config = { mode: "production", devtool: "source-map", entry, output: { path: to, filename: "main.js" }, performance: { hints: false } };
    await new Promise((resolve, reject) => {
      webpack(config, (error, stats) => (error || stats.hasErrors() || stats.hasWarnings() ? reject(error ?? stats.toString()) : resolve()));
    });
    await mapped(to);
  },
  async rollup() {
    const to = await folder("rollup", page("./main.js"));
    const bundle = await rollup({ input: "pages/main.js", plugins: [nodeResolve()] });
    await bundle.write({ dir: to, entryFileNames: "main.js", format: "es" });
    await copyWasm(to);
  },
  async esbuild() {
    const to = await folder("esbuild", page("./main.js"));
    await esbuild.build({ entryPoints: ["pages/main.js"], bundle: true, minify: true, format: "esm", outdir: to });
    await copyWasm(to);
  },
  async worker() {
    const to = await folder("worker", page("./worker-page.js", ""));
    await esbuild.build({ entryPoints: ["pages/worker-page.js", "pages/worker.js"], bundle: true, format: "esm", outdir: to });
    await cp(wasm, `${to}/client.wasm`);
  },
  // What goes wrong: no client.wasm beside the bundle; a page in its place; two versions.
  async missing() {
    const to = await folder("missing", page("./main.js"));
    await esbuild.build({ entryPoints: ["pages/main.js"], bundle: true, format: "esm", outdir: to });
  },
  async fallback() {
    await builds.missing();
    await cp(`${out}/missing`, `${out}/fallback`, { recursive: true });
    await cp(`${out}/missing/index.html`, `${out}/fallback/client.wasm`);
  },
  async versions() {
    const to = await folder("versions", page("./versions.js"));
    await esbuild.build({ entryPoints: ["pages/versions.js"], bundle: true, format: "esm", outdir: to, plugins: [older] });
    await copyWasm(to);
  },
  react: () => react("react", {}),
  react18: () => react("react18", { react: "react-18", "react-dom": "react-dom-18" }),
};

/** A page that the server renders, and the browser takes over. */
async function react(name, alias) {
  const common = { bundle: true, format: "esm", jsx: "automatic", alias, define: { "process.env.NODE_ENV": '"development"' } };
  const banner = { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' };
  await esbuild.build({ ...common, entryPoints: ["pages/server.jsx"], platform: "node", banner, outfile: `${out}/${name}-server.mjs` });
  const { render } = await import(pathToFileURL(`${out}/${name}-server.mjs`).href);
  const to = await folder(name, page("./browser.js", `<div id="root">${render(name)}</div>`));
  await esbuild.build({ ...common, entryPoints: ["pages/browser.jsx"], outdir: to });
  await cp(wasm, `${to}/client.wasm`);
}

const results = await Promise.allSettled(Object.values(builds).map((build) => build()));
results.forEach(({ status, reason }, i) => {
  if (status === "rejected") console.error(`${Object.keys(builds)[i]}:`, reason);
});

// Importing the core and not using it adds nothing to a bundle.
const unused = await esbuild.build({
  stdin: { contents: 'import { connect } from "wakesocket"; import "wakesocket/react";', resolveDir: "." },
  bundle: true,
  format: "esm",
  minify: true,
  write: false,
  logLevel: "silent",
});
if (unused.outputFiles[0].text.trim() !== "") {
  console.error("the core has side effects:", unused.outputFiles[0].text.slice(0, 200));
  results.push({ status: "rejected", reason: undefined });
}

// The core alone brings nothing of the badge, and a framework's entry not another core.
const core = await esbuild.build({
  stdin: { contents: 'import { connect } from "wakesocket"; import { useFeed } from "wakesocket/svelte"; console.log(connect, useFeed);', resolveDir: "." },
  bundle: true,
  format: "esm",
  minify: true,
  splitting: true, // what share: true loads is a chunk of its own
  outdir: "out",
  write: false,
  metafile: true,
});
const entry = Object.values(core.metafile.outputs).find(({ entryPoint }) => entryPoint === "<stdin>");
const inputs = Object.entries(entry.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
const names = inputs.map(([name]) => name.split("/").at(-1)).sort();
if (names.join() !== "<stdin>,index.js,svelte.js" || core.outputFiles.some(({ text }) => text.includes("attachShadow"))) {
  console.error("connect alone brings", names);
  results.push({ status: "rejected", reason: undefined });
}
process.exit(results.every(({ status }) => status === "fulfilled") ? 0 : 1);
