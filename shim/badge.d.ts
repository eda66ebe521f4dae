// Types of wakesocket/badge.
import type { Feed } from "./shim.d.ts";

/** The words of a badge. Each that is a string can also be set as an attribute: label-live="En direct". */
export interface BadgeLabels {
  connecting: string;
  live: string;
  /** Live, but a topic is silent, or events wait for the page's callbacks. */
  stale: string;
  checking: string;
  reconnecting: string;
  offline: string;
  stopped: string;
  failed: string;
  /** Beside the state, while there is no client.wasm. */
  unguarded: string;
  /** On the button. */
  retry: string;
  /** The age of the newest data in milliseconds; current: whether they are all there is. */
  age: (ms: number, current: boolean) => string;
  /** The time until the next try, in milliseconds. */
  countdown: (ms: number) => string;
  /** The names of the silent topics; "" stands for events without a topic. */
  silence: (topics: readonly string[]) => string;
  /** How many events have arrived and wait for the page's callbacks. */
  lag: (events: number) => string;
}

/**
 * `<wakesocket-badge>`: state, age of the data, silent topics, countdown and retry
 * button. Its `state` attribute holds the name of the state that it shows; it has
 * the attribute `stale` while the state is live and a topic is silent, and
 * `unguarded` while there is no client.wasm (its title says why). With the
 * attribute `compact` it shows the state as a dot and the age. For CSS it has the
 * parts badge, dot, status, label, cause, detail and retry.
 */
export interface WakesocketBadge extends HTMLElement {
  /** The feed that it shows. Defaults to the one of the page that is in the worst state. */
  get feed(): Feed | null;
  set feed(feed: Feed | null);
  /** Its words. Those that are not set are English. */
  get labels(): Readonly<BadgeLabels>;
  set labels(labels: Partial<BadgeLabels>);
}

declare global {
  interface HTMLElementTagNameMap {
    "wakesocket-badge": WakesocketBadge;
  }
}
