// Runs every snippet of the package's README, and the one of the repository's README
// that shows the API, as a page does: the address of the page is that of a real feed.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { createApp } from "vue";
import { connect } from "wakesocket";

const site = process.env.SITE;
const until = (check) => vi.waitFor(() => expect(check()).toBeTruthy(), { timeout: 20_000 });
const folder = `${import.meta.dirname}/snippets-run-${process.pid}`;
const realFetch = fetch;
const log = vi.spyOn(console, "log").mockImplementation(() => {});

beforeAll(() => mkdirSync(folder));
afterAll(() => rmSync(folder, { recursive: true }));

// A module is a file here, and client.wasm is loaded with fetch, which knows no files.
vi.stubGlobal("fetch", (url, options) => realFetch(String(url).endsWith("/client.wasm") ? `${site}/client.wasm` : new URL(url, site), options));

/** The snippets of a section of the README: language and text. */
function snippets(page, heading) {
  const section = readFileSync(page, "utf8")
    .split(/^## /m)
    .find((text) => text.startsWith(`${heading}\n`));
  return [...section.matchAll(/```(js|tsx?)\n(.*?)```/gs)].map(([, language, text]) => ({ language, text }));
}

let files = 0;
async function load({ language, text }) {
  const file = `${folder}/snippet${files++}.${language}`;
  writeFileSync(file, text);
  return await import(/* @vite-ignore */ file);
}

const roots = [];
afterEach(() => {
  for (const end of roots.splice(0)) end();
  document.body.innerHTML = "";
});

function show(element) {
  const root = createRoot(document.body.appendChild(document.createElement("div")));
  root.render(<QueryClientProvider client={new QueryClient()}>{element}</QueryClientProvider>);
  roots.push(() => root.unmount());
}

const readme = "../../shim/README.md";
/** How to see that the snippets of a section work. */
const sections = {
  "Plain page": [() => until(() => log.mock.calls.some(([data]) => data?.load === 0.5))],
  Types: [({ feed }) => until(() => feed.state.name === "live")],
  React: [
    async ({ Load }) => {
      show(<Load />);
      await until(() => /^0\.5 \(\d+ kept, live\)/.test(document.body.textContent));
    },
    async ({ useLoad }) => {
      const Shown = () => `load ${useLoad().data?.load}`;
      show(<Shown />);
      await until(() => document.body.textContent === "load 0.5");
    },
    async ({ useLoad }) => {
      const Shown = () => `load ${useLoad().data?.load}`;
      show(<Shown />);
      await until(() => document.body.textContent === "load 0.5");
    },
  ],
  Vue: [
    async ({ default: component }) => {
      const app = createApp(component);
      app.mount(document.body.appendChild(document.createElement("div")));
      roots.push(() => app.unmount());
      await until(() => document.body.textContent === "live 0.5");
    },
  ],
  Svelte: [
    async ({ state, cpu }) => {
      const seen = {};
      roots.push(
        state.subscribe((value) => (seen.state = value)),
        cpu.subscribe((value) => (seen.cpu = value)),
      );
      await until(() => seen.state.name === "live" && seen.cpu?.data.load === 0.5);
    },
  ],
  "The state first": [
    async ({ Readings }) => {
      show(<Readings />);
      await until(() => /^10[2-9] readings, the last one 0\.5$/.test(document.body.textContent));
    },
    async ({ feed }) => {
      await until(() => feed.state.name === "live" && log.mock.calls.some(([count, text]) => count > 101 && text === "readings"));
      feed.close();
    },
  ],
  "Topics that change, and earlier events": [
    ({ position, events }) => expect([typeof position, events]).toEqual(["string", []]),
    ({ feed }) => until(() => feed.state.name === "live"),
  ],
  "Modules that are replaced while you work": [({ feed }) => until(() => feed.state.name === "live")],
  Tokens: [({ feed }) => until(() => feed.state.name === "live")],
  // There is no SharedWorker here: the page connects for itself, and says so.
  "One connection for all tabs": [({ feed }) => until(() => feed.state.name === "live" && !feed.state.shared && feed.state.unshared !== "")],
};

for (const [heading, checks] of Object.entries(sections)) {
  const found = snippets(readme, heading);
  test(`${heading}: each snippet has its check`, () => expect(found.length).toBe(checks.length));
  found.forEach((snippet, i) => test(`${heading}, snippet ${i + 1}`, async () => await checks[i](await load(snippet))));
}

test("no snippet is left out", () => {
  const all = [...readFileSync(readme, "utf8").matchAll(/```(js|tsx?)\n/g)].length;
  expect(Object.keys(sections).flatMap((heading) => snippets(readme, heading)).length).toBe(all);
});

test("the page's API in the repository's README", async () => {
  const [{ text }] = snippets("../../README.md", "The page");
  const main = new Function("connect", "url", "options", `return (async () => { ${text}\nreturn feed; })()`);
  const feed = await main(connect, "/feed", {});
  expect(feed.state.name).toBe("stopped");
});
