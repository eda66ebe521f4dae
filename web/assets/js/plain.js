// @ts-check

/**
 * The WebSocket that everybody writes first: it trusts onclose to tell when a
 * connection is gone. Kept naive on purpose, for comparison.
 * @param {string} url
 * @param {(event: {data: any, topic: string}) => void} onEvent
 * @param {(claim: "connecting" | "open" | "closed", code?: number) => void} onClaim
 */
export function plainSocket(url, onEvent, onClaim) {
  onClaim("connecting");
  const socket = new WebSocket(url);
  socket.onopen = () => onClaim("open");
  socket.onmessage = (message) => onEvent(JSON.parse(message.data));
  socket.onclose = ({ code }) => {
    onClaim("closed", code);
    setTimeout(() => plainSocket(url, onEvent, onClaim), 1000);
  };
}
