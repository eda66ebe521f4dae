#!/bin/sh
# Bundles with the toolchain of the Go module. Needs Go only.
# usage: bundle.sh OUT_DIR       shim.js and shim.d.ts: all that a page loads; shared.js
#                                and shared-worker.js, which it loads for share only
#        bundle.sh OUT_DIR npm   the modules and types of the npm package
set -eu
out=${1:?usage: bundle.sh OUT_DIR [npm]}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$here"

# wasm_exec.js must be the building toolchain's own. It writes to globalThis, which
# here is a parameter, and calls fs by its bare name, which is then nobody's global.
{
	echo 'export default function (globalThis) {'
	echo 'const fs = { writeSync: (fd, bytes) => globalThis.fs.writeSync(fd, bytes) };'
	cat "$(go env GOROOT)/lib/wasm/wasm_exec.js"
	echo 'return globalThis.Go; }'
} >"$work/wasm_exec.js"

esbuild=$(CGO_ENABLED=0 go -C ../e2e/tools tool -n esbuild)
# The output is ASCII: V8 takes two bytes for each character of a script that has others.
bundle() { # argument of esbuild...
	"$esbuild" --bundle --format=esm --target=es2022 --alias:wasm_exec="$work/wasm_exec.js" --log-level=warning "$@"
}

if [ "${2:-}" != npm ]; then
	bundle drop-in.js --minify --external:./shared.js --outfile="$out/shim.js"
	for name in shared shared-worker; do bundle "$name.js" --minify --outfile="$out/$name.js"; done
	{ cat shim.d.ts && sed '/^import /d; /^\/\/ /d' badge.d.ts; } >"$out/shim.d.ts"
	exit
fi

# Not minified: the bundler of the page does that, and people read it in a debugger.
bundle index.js --external:./shared.js --outfile="$out/index.js"
for name in shared shared-worker; do bundle "$name.js" --outfile="$out/$name.js"; done
bundle badge.js --outfile="$out/badge.js"
for name in react vue svelte; do
	bundle "$name.js" --packages=external --external:./index.js --outfile="$out/$name.js"
done
cp shim.d.ts "$out/index.d.ts"
for name in badge react vue svelte; do
	sed 's#"./shim.d.ts"#"./index.js"#; s#"./badge.d.ts"#"./badge.js"#' "$name.d.ts" >"$out/$name.d.ts"
done
