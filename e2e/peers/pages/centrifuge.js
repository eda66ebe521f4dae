import { Centrifuge } from "centrifuge";

const centrifuge = new Centrifuge(`ws://${self.server}/connection/websocket`);
const sub = centrifuge.newSubscription("feed");
sub.on("publication", (ctx) => receive(ctx.data));
sub.subscribe();
centrifuge.connect();
