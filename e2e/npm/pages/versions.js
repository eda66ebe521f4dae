import { connect } from "wakesocket-older";
import "wakesocket-older/badge";
import { connect as connectNewer } from "wakesocket";
import "wakesocket/badge";
import { name, tell, tellWhen } from "./told.js";

const options = { onError: (error) => tell(`error: ${error}`) };
const seen = new Set();
connect(`/feed?page=${name}`, options).subscribe("test", () => seen.add("older"));
connectNewer(`/feed?page=${name}`, options).subscribe("test", () => seen.add("newer"));
const badge = document.querySelector("wakesocket-badge");
tellWhen(() => seen.size === 2 && badge.getAttribute("state") === "live" && badge.shadowRoot);
