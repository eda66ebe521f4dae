// @ts-check
// The entry wakesocket/badge: importing it defines <wakesocket-badge> and starts
// the [data-stale] marks of the page, soon.
import { decorate } from "./decorate.js";
import { afterFirstEvent } from "./engine-start.js";

/** ms until the marks begin when no event comes before. */
const patience = 100;

afterFirstEvent(patience, decorate);
