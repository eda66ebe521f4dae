import { useConnectionState, useFeed, useTopic } from "wakesocket/react";

export function View() {
  const feed = useFeed("/feed?page=hot");
  const { name } = useConnectionState(feed);
  return `first ${useTopic(feed, "test") ? name : "nothing"}`;
}
