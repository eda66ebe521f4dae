// @ts-check
// The entry wakesocket/badge: importing it defines <wakesocket-badge> and starts
// the [data-stale] marks of the page.
import { decorate } from "./decorate.js";

decorate();
