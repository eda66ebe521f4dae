// @ts-check

/** How long the engine waits for the first event. A quiet feed is to be guarded, too. */
const patience = 2_000;
/** How long it waits for a page that is busy, in milliseconds. */
const longestBusy = 1_000;

let tellFirst = () => {};
/** @type {Promise<void>} */
const firstEvent = new Promise((resolve) => (tellFirst = resolve));
/** @type {Promise<void> | undefined} */
let patienceEnds;

/** A feed of this page has delivered an event. */
export function eventDelivered() {
  tellFirst();
}

/**
 * When to begin with the engine: it takes the processor and the network, which the
 * page needs for its first event.
 */
export async function engineStart() {
  patienceEnds ??= new Promise((resolve) => setTimeout(resolve, patience));
  await Promise.race([firstEvent, patienceEnds]);
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
