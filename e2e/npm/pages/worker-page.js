import { tell } from "./told.js";

let works = false;
const worker = new Worker("worker.js", { type: "module" });
worker.onmessage = ({ data }) => (data === "works" ? (works = true) : tell(`error: ${data}`));
worker.onerror = ({ message }) => tell(`error: ${message}`);
const timer = setInterval(() => works && (clearInterval(timer), tell("works")), 50);
