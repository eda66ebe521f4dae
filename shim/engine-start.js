// @ts-check

/** How long the engine waits for the first event. A quiet feed is to be guarded, too. */
const patience = 2_000;
/** How long it waits after that event, while the page shows what came with it. */
const pause = 250;
/** How long it waits for a page that is busy, in milliseconds. */
const longestBusy = 1_000;

let tellFirst = () => {};
/** @type {Promise<void>} */
const delivered = new Promise((resolve) => (tellFirst = resolve));
/** @type {Promise<void> | undefined} */
let begin;

/** A feed of this page has delivered an event. */
export function eventDelivered() {
  tellFirst();
}

/**
 * Calls back after the first event of the page: other work must not delay it.
 * @param {number} patience when it calls back at the latest, in milliseconds; it may do so twice
 * @param {() => void} call
 */
export function afterFirstEvent(patience, call) {
  delivered.then(call);
  setTimeout(call, patience);
}

/**
 * When to begin with the engine: it takes the processor and the network, which the
 * page needs for its first event.
 */
export async function engineStart() {
  begin ??= new Promise((resolve) => {
    delivered.then(() => setTimeout(resolve, pause));
    setTimeout(resolve, patience);
  });
  await begin;
  await idle();
}

/** A moment in which the page has nothing to do. */
export function idle() {
  return /** @type {Promise<void>} */ (
    new Promise((resolve) => {
      if ("requestIdleCallback" in globalThis) requestIdleCallback(() => resolve(), { timeout: longestBusy });
      else setTimeout(resolve);
    })
  );
}
