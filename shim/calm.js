// @ts-check

/** How long a loss goes unshown: a wake that heals within it makes nothing flicker. */
const patience = 400;

/**
 * Shows names of states: live at once, its loss only if it lasts.
 * @param {(name: string) => void} show
 * @returns {(name: string) => void}
 */
export function calmly(show) {
  let shown = "";
  let next = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  const apply = () => {
    waiting = undefined;
    shown = next;
    show(shown);
  };
  return (name) => {
    next = name;
    if (shown === "live" && next !== "live") {
      waiting ??= setTimeout(apply, patience);
      return;
    }
    clearTimeout(waiting);
    waiting = undefined;
    if (shown !== next) apply();
  };
}
