// @ts-check

/** @type {(() => void)[]} */
let queue = [];
/** @type {(() => void) | undefined} asks for a task */
let ask;

/**
 * Runs `work` in a task of its own, soon. Browsers neither clamp a message to
 * 4 ms nor throttle it in a hidden page; they do both to a timer.
 * @param {() => void} work
 */
export function macrotask(work) {
  ask ??= asker();
  if (queue.push(work) === 1) ask();
}

/** A test environment may have no MessageChannel: jest with jsdom. */
function asker() {
  if (!("MessageChannel" in globalThis)) return () => setTimeout(run);
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = run;
  return () => port2.postMessage(null);
}

function run() {
  const works = queue;
  queue = [];
  for (const work of works) work();
}
