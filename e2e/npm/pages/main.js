import { connect } from "wakesocket";
import "wakesocket/badge";
import { name, tell, tellWhen } from "./told.js";

const feed = connect(`/feed?page=${name}`, { onError: (error) => tell(`error: ${error}`) });
let events = 0;
feed.subscribe("test", () => events++);
tellWhen(() => events > 0 && document.querySelector("wakesocket-badge").getAttribute("state") === "live");
