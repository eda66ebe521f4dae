import { connect } from "/dist/shim.js";

const feed = connect("/feed");
feed.subscribe((event) => (document.querySelector("output").textContent = JSON.stringify(event.data)));
