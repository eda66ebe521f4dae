import { dirname } from "node:path";

export default {
  basePath: "/next",
  output: "export",
  reactStrictMode: true,
  productionBrowserSourceMaps: true,
  turbopack: { root: dirname(import.meta.dirname) },
};
