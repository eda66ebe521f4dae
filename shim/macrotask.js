// @ts-check

/** @type {(() => void)[]} */
let queue = [];
/** @type {MessagePort | undefined} */
let port;

/**
 * Runs `work` in a task of its own, soon. Browsers neither clamp a message to
 * 4 ms nor throttle it in a hidden page; they do both to a timer.
 * @param {() => void} work
 */
export function macrotask(work) {
  if (!port) {
    const channel = new MessageChannel();
    channel.port1.onmessage = run;
    port = channel.port2;
  }
  if (queue.push(work) === 1) port.postMessage(null);
}

function run() {
  const works = queue;
  queue = [];
  for (const work of works) work();
}
