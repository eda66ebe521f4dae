// Import this before a module that needs "wasm_exec": in Node it is made from the
// Go toolchain's own file, as bundle.sh does it for the browser.
import { register } from "node:module";

register("./wasm-exec-hooks.js", import.meta.url);
