import { useConnectionState, useEvents, useFeed, useStale, useTopic } from "wakesocket/react";

export function App({ name }) {
  const feed = useFeed(`/feed?page=${name}`, { onError: (error) => console.error(error) });
  const { name: state } = useConnectionState(feed);
  const newest = useTopic(feed, "test");
  const events = useEvents(feed, "test", { limit: 3 });
  const stale = useStale("test");
  return (
    <main>
      <wakesocket-badge />
      <p data-stale="test">
        {state} {newest === undefined ? "nothing" : "something"} {events.length} {stale ? "stale" : "fresh"}
      </p>
    </main>
  );
}
