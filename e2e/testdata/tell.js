// @ts-check
// In a browser whose driver gives the page no `tell`, a WebSocket of the site's
// takes what it would be called with, in order and without a timer.
"use strict";

{
  const line = new WebSocket(location.origin.replace("http", "ws") + "/tell" + location.search);
  /** @type {string[]} */
  const early = [];
  line.onopen = () => early.splice(0).forEach((text) => line.send(text));
  /** @param {string} text */
  globalThis.tell = (text) => (line.readyState === WebSocket.OPEN && early.length === 0 ? line.send(text) : early.push(text));
}
