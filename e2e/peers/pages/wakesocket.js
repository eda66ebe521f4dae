import { connect } from "/dist/shim.js";

const feed = connect(`ws://${self.server}/feed`);
feed.subscribe((event) => receive(event.data));
