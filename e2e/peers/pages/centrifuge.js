import { Centrifuge } from "centrifuge";

const centrifuge = new Centrifuge(`ws://${location.host}/connection/websocket`);
const sub = centrifuge.newSubscription("feed");
sub.on("publication", (ctx) => receive(ctx.data));
sub.subscribe();
centrifuge.connect();
