import { connect } from "wakesocket";

const feed = connect("/feed?page=worker", { onError: (error) => postMessage(String(error)) });
feed.subscribe("test", () => postMessage("works"));
