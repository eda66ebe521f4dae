// What bundle.sh makes of the toolchain's wasm_exec.js.
declare module "wasm_exec" {
  interface Go {
    importObject: WebAssembly.Imports;
    exit: (code: number) => void;
    run(instance: WebAssembly.Instance): Promise<void>;
  }
  /** Builds the Go class inside the given object in place of the real global. */
  export default function (globalThis: object): new () => Go;
}
