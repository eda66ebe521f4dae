// Prints what client.wasm costs beside its download: node measure-wasm.cjs wasm_exec.js client.wasm
const fs = require("node:fs");
require(process.argv[2]);

const bytes = fs.readFileSync(process.argv[3]);
const begun = performance.now();
const module_ = new WebAssembly.Module(bytes);
const compiled = performance.now();
const go = new Go();
const instance = new WebAssembly.Instance(module_, go.importObject);
globalThis.wakesocket = {
  ready() {
    const ready = performance.now();
    console.log(
      `compiled in ${(compiled - begun).toFixed(1)} ms, ready after ${(ready - compiled).toFixed(1)} ms more, memory ${(instance.exports.mem.buffer.byteLength / 1e6).toFixed(1)} MB`,
    );
    process.exit(0);
  },
};
go.run(instance);
