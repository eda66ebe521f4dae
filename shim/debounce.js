// @ts-check

/** How many ms a loss may last before it is shown. A wake that heals sooner changes nothing on the page. */
const delay = 400;

/** What is known for sure, and shown at once. */
const known = new Set(["live", "stale"]);

/**
 * Shows the names of states. What is known for sure is shown at once, the loss of
 * "live" only when it lasts.
 * @param {(name: string) => void} show
 * @returns {(name: string) => void}
 */
export function debounceLoss(show) {
  let shown = "";
  let next = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const apply = () => {
    timer = undefined;
    shown = next;
    show(shown);
  };
  return (name) => {
    next = name;
    if (shown === "live" && !known.has(next)) {
      timer ??= setTimeout(apply, delay);
      return;
    }
    clearTimeout(timer);
    timer = undefined;
    if (shown !== next) apply();
  };
}
