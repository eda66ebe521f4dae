// Serves the folder hot with Vite's development server, and prints its address:
// node dev.js SITE OUT_DIR. The feed of SITE is reached through Vite's proxy; the
// path of the sources holds a space, and the page has a base path.
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import react from "@vitejs/plugin-react";
import * as vite from "vite";

const [site, out] = process.argv.slice(2);
const root = `${out}/with space`;
await mkdir(`${root}/node_modules`, { recursive: true });
// A real folder, as in a project: what the server may send ends at the root.
await cp("node_modules/wakesocket", `${root}/node_modules/wakesocket`, { recursive: true });
for (const name of ["react", "react-dom", "scheduler"]) await symlink(`${process.cwd()}/node_modules/${name}`, `${root}/node_modules/${name}`);
await cp("hot", root, { recursive: true });
await cp("pages/told.js", `${root}/told.js`);
await writeFile(
  `${root}/index.html`,
  '<!doctype html><meta charset="utf-8"><title>wakesocket</title><link rel="icon" href="data:,"><div id="root"></div><p id="plain"></p><script type="module" src="./main.jsx"></script>\n',
);
const server = await vite.createServer({
  root,
  base: "/hot/",
  configFile: false,
  cacheDir: `${root}/node_modules/.vite`,
  logLevel: "warn",
  plugins: [react()],
  server: { host: "127.0.0.1", port: 0, proxy: { "/feed": { target: site, ws: true }, "/told": site } },
});
await server.listen();
console.log(`http://127.0.0.1:${server.httpServer.address().port}/hot/`);

// The test writes a line to have the sources changed.
process.stdin.on("data", async () => {
  for (const name of ["view.jsx", "plain.js"]) {
    const text = await readFile(`${root}/${name}`, "utf8");
    await writeFile(`${root}/${name}`, text.replace("first", "second"));
  }
});
process.stdin.on("end", () => process.exit());
