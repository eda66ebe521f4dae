#!/bin/sh
# Bundles shim.js and shim.d.ts into a folder: ./bundle.sh OUT_DIR. Needs Go only.
set -eu
out=${1:?usage: bundle.sh OUT_DIR}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# wasm_exec.js must be the building toolchain's own. It writes to globalThis, which
# here is a parameter, and calls fs by its bare name, which is then nobody's global.
{
	echo 'export default function (globalThis) {'
	echo 'const fs = { writeSync: (fd, bytes) => globalThis.fs.writeSync(fd, bytes) };'
	cat "$(go env GOROOT)/lib/wasm/wasm_exec.js"
	echo 'return globalThis.Go; }'
} >"$work/wasm_exec.js"

cd "$here"
"$(CGO_ENABLED=0 go -C ../e2e/tools tool -n esbuild)" index.js --bundle --format=esm --minify --target=es2022 --charset=utf8 \
	--alias:wasm_exec="$work/wasm_exec.js" --log-level=warning --outfile="$out/shim.js"
cp shim.d.ts "$out/shim.d.ts"
