#!/bin/sh
# Builds what a page needs into dist/: client.wasm, shim.js, shim.d.ts, for tabs that
# share a connection shared.js and shared-worker.js, and the .br and .gz of all these;
# and client.debug.wasm, which shows lines when it panics. Needs Go and nothing else.
set -eu
cd "$(dirname "$0")"
sh e2e/needs.sh go
mkdir -p dist web/assets/dist

# Always the same folder: its name has an effect on the bytes of client.wasm.
sh shim/bundle.sh dist/new
CGO_ENABLED=0 go run ./wasm/internal/build dist/new

# Only what changed is replaced: the rest need not be compressed, and what was tested
# with the same files need not be tested again.
replace() { # file, folder
	cmp -s "$1" "$2/${1##*/}" || cp "$1" "$2"
}
for f in client.wasm client.debug.wasm shim.js shim.d.ts shared.js shared-worker.js; do replace "dist/new/$f" dist; done
rm -r dist/new
CGO_ENABLED=0 go run ./web/internal/pack dist/client.wasm dist/shim.js dist/shared.js dist/shared-worker.js
for f in dist/client.wasm* dist/shim.* dist/shared*.js*; do replace "$f" web/assets/dist; done
