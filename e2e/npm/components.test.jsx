import { QueryClient, QueryClientProvider, useQuery, useQueryClient } from "@tanstack/react-query";
import { StrictMode, createElement, useEffect } from "react";
import { createRoot } from "react-dom/client";
import useSWRSubscription from "swr/subscription";
import { get } from "svelte/store";
import { afterEach, expect, test, vi } from "vitest";
import { createApp, effectScope, h } from "vue";
import { connect } from "wakesocket";
import "wakesocket/badge";
import * as react from "wakesocket/react";
import * as svelte from "wakesocket/svelte";
import * as vue from "wakesocket/vue";

const site = process.env.SITE;
const url = `${site.replace("http", "ws")}/feed`;
const options = { wasmURL: `${site}/client.wasm` };
const until = (check) => vi.waitFor(() => expect(check()).toBeTruthy(), { timeout: 20_000 });

const cleanups = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  document.body.innerHTML = "";
});

function renderReact(element) {
  const root = createRoot(document.body.appendChild(document.createElement("div")));
  root.render(createElement(StrictMode, null, element));
  const unmount = () => root.unmount();
  cleanups.push(unmount);
  return unmount;
}

test("React: hooks show the feed, and unmounting closes it", async () => {
  let feed;
  function App() {
    feed = react.useFeed(url, options);
    const newest = react.useTopic(feed, "test");
    const events = react.useEvents(feed, "test", { limit: 2 });
    return `${react.useConnectionState(feed).name} ${newest?.data.n} ${events.length} ${react.useStale()}`;
  }
  const unmount = renderReact(<App />);
  await until(() => document.body.textContent === "live 1 2 false");
  unmount();
  await until(() => feed.state.name === "stopped");
});

test("Vue: composables show the feed, and unmounting closes it", async () => {
  let feed;
  const app = createApp({
    setup() {
      feed = vue.useFeed(url, options);
      const state = vue.useConnectionState(feed);
      const newest = vue.useTopic(feed, "test");
      const events = vue.useEvents(feed, "test", { limit: 2 });
      const stale = vue.useStale();
      return () => h("p", `${state.value.name} ${newest.value?.data.n} ${events.value.length} ${stale.value}`);
    },
  });
  app.mount(document.body.appendChild(document.createElement("div")));
  await until(() => document.body.textContent === "live 1 2 false");
  const opened = feed.value;
  app.unmount();
  await until(() => opened.state.name === "stopped");
});

test("Vue: outside of a component it needs a scope", () => {
  expect(() => vue.useFeed(url, options)).toThrow(/must be called in setup\(\) or in an effectScope\(\)/);
  const scope = effectScope();
  const feed = scope.run(() => vue.useFeed(url, options));
  expect(feed.value.state.name).toBe("connecting");
  scope.stop();
  expect(feed.value.state.name).toBe("stopped");
});

test("Svelte: stores show the feed, and it closes without a subscriber", async () => {
  const feed = svelte.useFeed(url, options);
  const seen = {};
  const ends = Object.entries({
    feed,
    state: svelte.useConnectionState(feed),
    newest: svelte.useTopic(feed, "test"),
    events: svelte.useEvents(feed, "test", { limit: 2 }),
    stale: svelte.useStale(),
  }).map(([name, store]) => store.subscribe((value) => (seen[name] = value)));
  await until(() => seen.state.name === "live" && seen.newest?.data.n === 1 && seen.events.length === 2 && !seen.stale);
  const opened = seen.feed;
  for (const end of ends) end();
  await until(() => opened.state.name === "stopped");
  expect(get(feed)).not.toBe(opened);
});

test("TanStack Query: events become the data of a query, and a gap fetches it again", async () => {
  const client = new QueryClient();
  const fetched = vi.fn(async () => ({ n: 0 }));
  let feed;
  function App() {
    const queries = useQueryClient();
    feed = react.useFeed(url, { ...options, onGap: () => queries.invalidateQueries({ queryKey: ["test"] }) });
    useEffect(() => feed?.subscribe("test", (event) => queries.setQueryData(["test"], event.data)), [feed, queries]);
    return `n is ${useQuery({ queryKey: ["test"], queryFn: fetched, staleTime: Infinity }).data?.n}`;
  }
  renderReact(<QueryClientProvider client={client}><App /></QueryClientProvider>);
  await until(() => document.body.textContent === "n is 1");
  const before = fetched.mock.calls.length;
  feed.dispatchEvent(new CustomEvent("gap", { detail: { after: "a", earliest: "b", reason: "trimmed" } }));
  await until(() => fetched.mock.calls.length === before + 1);
});

test("SWR: a subscription of a topic", async () => {
  const feed = connect(url, options);
  cleanups.push(() => feed.close());
  function App() {
    const { data } = useSWRSubscription(["test"], ([topic], { next }) => feed.subscribe(topic, (event) => next(null, event.data)));
    return `n is ${data?.n}`;
  }
  renderReact(<App />);
  await until(() => document.body.textContent === "n is 1");
});

test("wrong use of a hook says what to do", () => {
  expect(() => vue.useTopic("/feed", "cpu")).toThrow(/feed must be what useFeed\(\) or connect\(\) returned/);
  for (const wrong of ["/feed", 7, true, {}]) {
    expect(() => svelte.useConnectionState(wrong)).toThrow(/feed must be what useFeed\(\) or connect\(\) returned/);
  }
  expect(() => svelte.useStale(7)).toThrow(/topic must be a string, or left out/);
});
