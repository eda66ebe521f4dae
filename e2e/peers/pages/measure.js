// What a page measures of its client, which calls receive() with the data of each
// event. This runs before the client does.
globalThis.server = location.host;
globalThis.measure = (() => {
  let first = 0; // when the first event of all came
  let n, began, ended, delays, work, wanted, done;
  let wakes = 0;

  const reset = () => ([n, began, ended, delays, work, wanted, done] = [0, 0, 0, [], 0, Infinity, undefined]);
  reset();

  globalThis.receive = (data) => {
    const now = performance.now();
    first ||= now;
    began ||= now;
    ended = now;
    delays.push(performance.timeOrigin + now - data.at);
    if (work > 0) while (performance.now() - now < work);
    if (++n === wanted) done();
  };

  // Timers and frames of sockets are what wakes a page that nobody uses.
  const counted = (callback) => (typeof callback === "function" ? (...args) => (wakes++, callback(...args)) : callback);
  for (const name of ["setTimeout", "setInterval"]) {
    const original = globalThis[name];
    globalThis[name] = (callback, ...rest) => original(counted(callback), ...rest);
  }
  globalThis.WebSocket = class extends WebSocket {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", () => wakes++);
    }
  };

  const events = (count) => new Promise((resolve) => ((wanted = count), (done = resolve), n >= count && resolve()));

  return {
    /** Begins anew. Each event then keeps its callback busy for so many ms. */
    reset(busy = 0) {
      reset();
      work = busy;
    },
    /** When the first event came, in ms since the navigation began. */
    async first() {
      if (!first) await events(1);
      return first;
    },
    /** Events a second, from the first to the last of so many. */
    async rate(count) {
      await events(count);
      return ((count - 1) / (ended - began)) * 1000;
    },
    /** Delays of so many events, in ms. */
    async delays(count) {
      await events(count);
      return delays;
    },
    /** The longest time between two frames, in ms, until so many events have come. */
    async longestFrame(count) {
      let last = performance.now();
      let longest = 0;
      let running = true;
      const frame = () => {
        const now = performance.now();
        longest = Math.max(longest, now - last);
        last = now;
        if (running) requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
      await events(count);
      running = false;
      frame();
      return longest;
    },
    wakes: () => wakes,
  };
})();
