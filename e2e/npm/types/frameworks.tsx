import * as react from "wakesocket/react";
import * as svelte from "wakesocket/svelte";
import * as vue from "wakesocket/vue";

type Topics = { cpu: { load: number } };

declare const limit: number | undefined;

export function App() {
  const feed = react.useFeed<Topics>("/feed");
  const newest = react.useTopic(feed, "cpu");
  const all = react.useEvents(feed, undefined, { limit });
  const sold = react.useFeed<{ sold: number }, { total: number }>("/feed", { snapshot: async () => ({ at: "e-1", data: { total: 0 } }) });
  react.useSnapshot(sold, (state, event) => ({ total: state.total + event.data }))?.total.toFixed();
  // @ts-expect-error another state
  react.useSnapshot(sold, () => 1);
  // @ts-expect-error no such topic
  react.useTopic(feed, "gpu");
  // @ts-expect-error no such field
  newest?.data.lod;
  return (
    <p data-stale={String(react.useStale("cpu"))}>
      <wakesocket-badge compact="" label-live="En direct" feed={feed} labels={{ live: "Live" }} />
      {react.useConnectionState(feed).name} {newest?.data.load} {all[0]?.data.load}
    </p>
  );
}

const feed = vue.useFeed<Topics>("/feed");
vue.useTopic(feed, "cpu").value?.data.load.toFixed();
vue.useEvents(feed, "cpu", { limit }).value[0]?.data.load.toFixed();
// @ts-expect-error no such topic
vue.useTopic(feed, "gpu");
vue.useSnapshot(vue.useFeed<Topics, number>("/feed"), (sum, event) => sum + event.data.load).value?.toFixed();
vue.useConnectionState(feed).value.name satisfies string;
vue.useStale().value satisfies boolean;

const store = svelte.useFeed<Topics>("/feed");
svelte.useTopic(store, "cpu").subscribe((event) => event?.data.load);
svelte.useEvents(store, undefined, { limit }).subscribe((events) => events.length);
svelte.useSnapshot(svelte.useFeed<Topics, number>("/feed"), (sum, event) => sum + event.data.load).subscribe((sum) => sum?.toFixed());
svelte.useStale("cpu").subscribe((stale) => stale satisfies boolean);
// @ts-expect-error no such topic
svelte.useTopic(store, "gpu");
