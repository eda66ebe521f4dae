// @ts-check
// shim.js, which a page loads without a package manager: the core and the badge.
import "./badge.js";
import { offerCompiler } from "./compiler.js";

export * from "./index.js";

offerCompiler(import.meta.url);
