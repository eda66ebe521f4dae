#!/bin/sh
# Makes sure that what the tests run is there. As root on a Debian system it
# installs what is missing; elsewhere it says what to install.
# usage: needs.sh [js]   js: only what the JavaScript parts need
set -eu
cd "$(dirname "$0")"
PATH=$PWD/node/node_modules/.bin:$PATH:/usr/sbin:/sbin

missing=
need() { # command package...
	command -v "$1" >/dev/null 2>&1 && return
	shift
	missing="$missing $*"
}
need node nodejs
need npm npm
if [ "${1:-all}" = all ]; then
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
	apt-get update -qq
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
fi

# Debian's Node may be too old: then a current one comes from npm, with its own
# npm, and the Makefile puts it first in PATH.
current() {
	node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)'
}
if ! current; then
	echo "Node.js $(node --version) is too old: installing a current one into e2e/node"
	(cd node && npm ci --no-audit --no-fund --loglevel=error)
	hash -r
	if ! current; then
		echo "Node.js $(node --version) is too old: install version 20.19 or newer, then run make again" >&2
		exit 1
	fi
fi
