#!/bin/sh
# Makes sure that what the build and the tests run is there. As root on a Debian
# system it installs what is missing; elsewhere it says what to install.
# usage: needs.sh [go|js]   only what the build needs, or the JavaScript parts
set -eu
cd "$(dirname "$0")"
PATH=$PWD/node/node_modules/.bin:$PATH

# Go gets a newer Go by itself, unless it is older than 1.21 or may not (GOTOOLCHAIN).
wanted=$(sed -n 's/^go \([0-9]*\.[0-9]*\).*/\1/p' ../go.mod)
install_go="install Go $wanted or newer from https://go.dev/dl/, then run this again"
command -v go >/dev/null 2>&1 || { echo "Go is missing: $install_go" >&2; exit 1; }
found=$(cd .. && go version 2>&1) || { echo "Go could not get the version that go.mod names (${found##*go: }): $install_go" >&2; exit 1; }
echo "$wanted $found" | awk '
	{ split($1, want, "."); match($0, /go[0-9]+\.[0-9]+/); split(substr($0, RSTART + 2, RLENGTH - 2), have, ".") }
	{ exit !(have[1] > want[1] || have[1] == want[1] && have[2] >= want[2]) }' || {
	echo "$found is too old: $install_go" >&2
	exit 1
}
[ "${1:-all}" != go ] || exit 0

missing=
need() { # command package...
	command -v "$1" >/dev/null 2>&1 && return
	shift
	missing="$missing $*"
}
need node nodejs
need npm npm
if [ "${1:-all}" = all ]; then
	PATH=$PATH:/usr/sbin:/sbin
	need gcc gcc
	[ -e /usr/include/stdlib.h ] || [ "$(uname)" != Linux ] || missing="$missing libc6-dev" # the race detector wants cgo
	need chromium chromium
	need firefox-esr firefox-esr
	need WebKitWebDriver webkit2gtk-driver # brings WebKit's MiniBrowser
	need Xvfb xvfb
	need nginx nginx
	need haproxy haproxy
	need ip iproute2
	need nft nftables
	need conntrack conntrack
	need redis-server redis-server
	ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
	need pgbouncer pgbouncer
	need python3 python3
	python3 -c 'import websockets' 2>/dev/null || /usr/bin/python3 -c 'import websockets' 2>/dev/null || missing="$missing python3-websockets" # for a reference server
fi

if [ -n "$missing" ]; then
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
		echo "missing: install these Debian packages or their like (sudo apt-get install$missing), then run make again" >&2
		exit 1
	fi
	echo "installing for the tests:$missing"
	# shellcheck disable=SC2086
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing || {
		echo "apt-get failed: install these Debian packages or their like:$missing, then run make again" >&2
		exit 1
	}
fi

# Debian's Node may be too old: then a current one comes from npm, with its own
# npm, and the Makefile puts it first in PATH.
current() {
	node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)'
}
if ! current; then
	echo "Node.js $(node --version) is too old: installing a current one into e2e/node"
	(cd node && npm ci --no-audit --no-fund --loglevel=error) || echo "npm failed" >&2
	hash -r
	if ! current; then
		echo "Node.js $(node --version) is too old: install version 20.19 or newer, then run make again" >&2
		exit 1
	fi
fi
