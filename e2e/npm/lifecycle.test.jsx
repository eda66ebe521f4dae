// What frameworks do to components: effects that run twice, hiding, fast remounts,
// options that are new objects at each rendering. No connection is made twice, and
// none is left over.
import { StrictMode, Suspense, use, useState } from "react";
import { createRoot } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { derived, get } from "svelte/store";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { KeepAlive, createApp, createSSRApp, defineComponent, effectScope, h, nextTick, reactive, ref } from "vue";
import { renderToString as renderVue } from "vue/server-renderer";
import * as react from "wakesocket/react";
import * as svelte from "wakesocket/svelte";
import * as vue from "wakesocket/vue";

const site = process.env.SITE;
const url = "/feed";
const wasmURL = `${site}/client.wasm`;
const until = (check) => vi.waitFor(() => expect(check()).toBeTruthy(), { timeout: 20_000 });

/** Every socket that the page has made. @type {WebSocket[]} */
let sockets = [];
/** Is called with each socket, before it is open. @type {(() => void) | undefined} */
let onSocket;
const Real = WebSocket;
vi.stubGlobal(
  "WebSocket",
  class extends Real {
    constructor(...args) {
      super(...args);
      sockets.push(this);
      onSocket?.();
    }
  },
);
const open = () => sockets.filter(({ readyState }) => readyState <= 1).length;
/** Waits until exactly so many connections are open, and no more were ever made. */
const settled = async (connections, ever = connections) => {
  await until(() => open() === connections && sockets.length >= ever);
  await new Promise((done) => setTimeout(done, 300)); // a connection too many would come late
  expect([open(), sockets.length]).toEqual([connections, ever]);
};

const errors = vi.spyOn(console, "error");
const warnings = vi.spyOn(console, "warn");
const rejections = [];
process.on("unhandledRejection", (reason) => rejections.push(reason));

let ends = [];
beforeEach(() => {
  sockets = [];
  onSocket = undefined;
  errors.mockClear();
  warnings.mockClear();
});
afterEach(async () => {
  for (const end of ends) end();
  ends = [];
  document.body.innerHTML = "";
  await until(() => open() === 0);
  expect(errors.mock.calls).toEqual([]);
  expect(warnings.mock.calls).toEqual([]);
  expect(rejections).toEqual([]);
});

const place = () => document.body.appendChild(document.createElement("div"));

function mount(element) {
  const root = createRoot(place());
  root.render(element);
  ends.push(() => root.unmount());
  return root;
}

/** A component that hands its feed out. */
function makeFeed(seen) {
  return function Feed({ address = url, options = {} }) {
    seen.feed = react.useFeed(address, { wasmURL, topics: ["test"], ...options });
    return `${react.useConnectionState(seen.feed).name} ${react.useTopic(seen.feed, "test")?.data.n}`;
  };
}

test("React: StrictMode makes one connection", async () => {
  const seen = {};
  const Feed = makeFeed(seen);
  mount(<StrictMode><Feed /></StrictMode>);
  await until(() => document.body.textContent === "live 1");
  await settled(1);
});

test("React: options that are new at each rendering keep the connection, and the newest function is called", async () => {
  const seen = { called: [] };
  const Feed = makeFeed(seen);
  let render;
  function App() {
    const [n, set] = useState(0);
    render = set;
    return <Feed options={{ staleAfter: { test: 60_000 }, onState: () => seen.called.push(n) }} />;
  }
  mount(<StrictMode><App /></StrictMode>);
  await until(() => document.body.textContent === "live 1");
  const { feed } = seen;
  for (let n = 1; n <= 20; n++) {
    render(n);
    await new Promise((done) => setTimeout(done));
  }
  await until(() => {
    feed.dispatchEvent(new CustomEvent("state", { detail: feed.state }));
    return seen.called.at(-1) === 20;
  });
  expect(seen.feed).toBe(feed);
  await settled(1);
});

test("React: functions that come with a later rendering are called", async () => {
  const seen = { states: [] };
  const Feed = makeFeed(seen);
  const root = mount(<StrictMode><Feed options={{ onState: undefined }} /></StrictMode>);
  await until(() => document.body.textContent === "live 1");
  root.render(<StrictMode><Feed options={{ onState: ({ name }) => seen.states.push(name) }} /></StrictMode>);
  await settled(1);
  seen.feed.close();
  expect(seen.states).toEqual(["stopped"]);
});

test("React: a snapshot that comes with a later rendering is loaded, and may go again", async () => {
  const Feed = ({ snapshot }) => {
    const feed = react.useFeed(url, { wasmURL, snapshot });
    return `${react.useConnectionState(feed).name} ${react.useSnapshot(feed, (state) => state)}`;
  };
  const root = mount(<StrictMode><Feed /></StrictMode>);
  await until(() => document.body.textContent === "live undefined");
  const snapshot = async () => ({ at: (await fetch(`${site}/state`)).headers.get("Wakesocket-Position"), data: 7 });
  root.render(<StrictMode><Feed snapshot={snapshot} /></StrictMode>);
  await until(() => document.body.textContent === "live 7");
  root.render(<StrictMode><Feed /></StrictMode>);
  await until(() => document.body.textContent === "live undefined");
  await settled(1, 3);
});

test("React: another url is another connection, and the old one ends", async () => {
  const seen = {};
  const Feed = makeFeed(seen);
  const root = mount(<StrictMode><Feed /></StrictMode>);
  await until(() => document.body.textContent === "live 1");
  const first = seen.feed;
  root.render(<StrictMode><Feed address="/feed?page=second" /></StrictMode>);
  await until(() => seen.feed && seen.feed !== first && document.body.textContent === "live 1");
  expect(first.state.name).toBe("stopped");
  root.render(<StrictMode><Feed address={null} /></StrictMode>);
  await until(() => document.body.textContent === "connecting undefined");
  await settled(0, 2);
});

test("React: fast remounts leave one connection", async () => {
  const seen = {};
  const Feed = makeFeed(seen);
  const root = mount(<Feed key={0} />);
  for (let key = 1; key <= 10; key++) {
    root.render(<Feed key={key} />);
    await new Promise((done) => setTimeout(done, key));
  }
  await until(() => document.body.textContent === "live 1");
  await until(() => open() === 1);
});

test("React: unmounting while it connects leaves nothing", async () => {
  const seen = {};
  const Feed = makeFeed(seen);
  let root;
  onSocket = () => queueMicrotask(() => root.unmount());
  root = mount(<StrictMode><Feed /></StrictMode>);
  await until(() => sockets.length === 1);
  await settled(0, 1);
});

test("React: Suspense, before the first event and again later", async () => {
  const seen = {};
  const Feed = makeFeed(seen);
  let resolve;
  const first = new Promise((done) => (resolve = done));
  let suspend;
  function Slow() {
    const [promise, set] = useState(first);
    suspend = () => set(new Promise((done) => (resolve = done)));
    use(promise);
    return null;
  }
  mount(<Suspense fallback="wait"><Feed /><Slow /></Suspense>);
  await until(() => document.body.textContent === "wait");
  expect(sockets.length).toBe(0); // what was never shown has no connection
  resolve();
  await until(() => document.body.textContent === "live 1");
  const { feed } = seen;
  suspend();
  await until(() => document.body.textContent.includes("wait"));
  resolve();
  await until(() => document.body.textContent === "live 1");
  expect(seen.feed).toBe(feed);
  await settled(1);
});

test("React: a server renders without a connection", () => {
  const Feed = makeFeed({});
  const Stale = () => String(react.useStale("test"));
  expect(renderToString(<StrictMode><Feed /> <Stale /></StrictMode>).replaceAll("<!-- -->", "")).toBe("connecting undefined true");
  expect(sockets.length).toBe(0);
});

const VueFeed = (seen) =>
  defineComponent({
    props: ["address", "options"],
    setup(props) {
      const feed = vue.useFeed(ref(props.address ?? url), props.options ?? { wasmURL });
      seen.feed = feed;
      const state = vue.useConnectionState(feed);
      const newest = vue.useTopic(feed, "test");
      return () => h("p", `${state.value.name} ${newest.value?.data.n}`);
    },
  });

function mountVue(component) {
  const app = createApp(component);
  app.mount(place());
  let mounted = true;
  const end = () => mounted && ((mounted = false), app.unmount());
  ends.push(end);
  return end;
}

test("Vue: KeepAlive keeps the connection, unmounting ends it", async () => {
  const seen = {};
  const Feed = VueFeed(seen);
  const shown = ref(true);
  const end = mountVue({ render: () => h(KeepAlive, () => (shown.value ? h(Feed) : null)) });
  await until(() => document.body.textContent === "live 1");
  const feed = seen.feed.value;
  shown.value = false;
  await nextTick();
  shown.value = true;
  await until(() => document.body.textContent === "live 1");
  expect(seen.feed.value).toBe(feed);
  await settled(1);
  end();
  expect(feed.state.name).toBe("stopped");
});

test("Vue: an address or an option that changes is another connection", async () => {
  const address = ref(url);
  const options = reactive({ wasmURL, topics: ["test"] });
  let feed;
  mountVue({
    setup() {
      feed = vue.useFeed(address, options);
      const newest = vue.useTopic(feed, "test");
      return () => h("p", String(newest.value?.data.n));
    },
  });
  await until(() => document.body.textContent === "1");
  const first = feed.value;
  address.value = "/feed?page=second";
  await until(() => feed.value !== first && document.body.textContent === "1");
  const second = feed.value;
  options.topics = ["test", "cpu"];
  await until(() => feed.value !== second && document.body.textContent === "1");
  expect([first, second].map(({ state }) => state.name)).toEqual(["stopped", "stopped"]);
  address.value = null;
  await until(() => feed.value === null);
  await settled(0, 3);
});

test("Vue: what components share follows its address also without the one that came first", async () => {
  const address = ref(url);
  const scope = effectScope(true);
  ends.push(() => scope.stop());
  let feed;
  const shared = () => (feed ??= scope.run(() => vue.useFeed(address, { wasmURL })));
  mountVue({ setup: () => (shared(), () => h("p")) })(); // mounted, and gone
  await until(() => feed.value?.state.name === "live");
  address.value = "/feed?page=second";
  await until(() => sockets.at(-1).url.includes("page=second"));
  await settled(1, 2);
});

test("a scope on a server has no connection", () => {
  const { document } = globalThis;
  globalThis.document = undefined;
  const scope = effectScope();
  try {
    expect(scope.run(() => vue.useFeed(url, { wasmURL })).value).toBe(null);
    expect(get(svelte.useFeed(url, { wasmURL }))).toBe(null);
  } finally {
    scope.stop();
    globalThis.document = document;
  }
  expect(sockets.length).toBe(0);
});

test("Vue: a server renders without a connection", async () => {
  const seen = {};
  expect(await renderVue(createSSRApp(VueFeed(seen)))).toBe("<p>connecting undefined</p>");
  expect(sockets.length).toBe(0);
});

test("Vue: unmounting while it connects leaves nothing", async () => {
  const seen = {};
  let end;
  onSocket = () => queueMicrotask(() => end());
  end = mountVue(VueFeed(seen));
  await until(() => sockets.length === 1);
  await until(() => seen.feed.value.state.name === "stopped");
  await settled(0, 1);
});

test("Svelte: subscribers share one connection, and a change of pages keeps it", async () => {
  const feed = svelte.useFeed(url, { wasmURL });
  const newest = svelte.useTopic(feed, "test");
  const seen = [];
  const first = derived(newest, (event) => event?.data.n).subscribe((n) => seen.push(n));
  const second = feed.subscribe(() => {});
  await until(() => seen.at(-1) === 1);
  const opened = get(feed);
  first();
  second();
  const third = newest.subscribe(() => {}); // the next component, in the same task
  expect(get(feed)).toBe(opened);
  await settled(1);
  third();
  await until(() => opened.state.name === "stopped");
  await settled(0, 1);
});

test("Svelte: one subscriber that leaves does not end the connection of another", async () => {
  const feed = svelte.useFeed(url, { wasmURL });
  const seen = [];
  const newest = svelte.useTopic(feed, "test").subscribe((event) => seen.push(event));
  const state = svelte.useConnectionState(feed).subscribe(() => {});
  await until(() => seen.at(-1)?.data.n === 1);
  state();
  state(); // twice is once
  await settled(1);
  const before = seen.length;
  await until(() => seen.length > before);
  newest();
  await settled(0, 1);
});

test("Svelte: reading a store once leaves no connection", async () => {
  const feed = svelte.useFeed(url, { wasmURL });
  expect(get(svelte.useConnectionState(feed)).name).toBe("connecting");
  await until(() => sockets.every(({ readyState }) => readyState > 1));
});

test("hooks outside of a component say so", () => {
  expect(() => react.useFeed(url)).toThrow();
  errors.mockClear(); // React explains it on the console
  expect(() => vue.useFeed(url)).toThrow(/must be called in setup\(\) or in an effectScope\(\)/);
});
