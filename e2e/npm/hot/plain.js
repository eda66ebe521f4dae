import { connect } from "wakesocket";

const feed = connect("/feed?page=hot-plain");
feed.subscribe("test", () => (document.querySelector("#plain").textContent = `first ${feed.state.name}`));
import.meta.hot?.accept();
import.meta.hot?.dispose(() => feed.close());
