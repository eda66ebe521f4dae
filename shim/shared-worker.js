// @ts-check
// The script of the SharedWorker: one hub for all tabs of an origin.
import { build } from "./boundary.gen.js";
import { engineLoader } from "./engine.js";
import { Hub } from "./shared-hub.js";
import { watchPage } from "./wake.js";

const hub = new Hub({ build, loader: engineLoader });
hub.watchClock();
watchPage({ wake: () => hub.wake(), visible() {}, online: (on) => hub.online(on), leave() {} });

/** @type {any} */ (globalThis).onconnect = (/** @type {MessageEvent} */ { ports: [port] }) => hub.connect(port);
