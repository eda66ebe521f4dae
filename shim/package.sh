#!/bin/sh
# Packs the npm package: ./package.sh DIST_DIR reads client.wasm and its .br and .gz
# there and writes wakesocket-VERSION.tgz. The name is that of package.json, the
# version that of wasm/wire/release.go.
set -eu
dist=$(cd "${1:?usage: package.sh DIST_DIR}" && pwd)
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sh bundle.sh "$work" npm
install -m 644 "$dist/client.wasm" "$dist/client.wasm.br" "$dist/client.wasm.gz" README.md ../LICENSE package.json "$work"
version=$(sed -n 's/^export const release = "\(.*\)";$/\1/p' wire.gen.js)
cd "$work"
npm pkg set version="$version"
npm pkg delete private scripts devDependencies
rm -f "$dist"/*.tgz
npm pack --silent --pack-destination "$dist"
