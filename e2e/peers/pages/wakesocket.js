import { connect } from "/dist/shim.js";

const feed = connect("/feed");
feed.subscribe((event) => receive(event.data));
