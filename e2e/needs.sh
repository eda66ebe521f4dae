#!/bin/sh
# Makes sure that what the tests run is there: as root on a Debian system it
# installs it, elsewhere it says what to install.
set -eu
PATH=$PATH:/usr/sbin:/sbin

missing=
need() { # command package
	command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need chromium chromium
need firefox-esr firefox-esr
need WebKitWebDriver webkit2gtk-driver # brings WebKit's MiniBrowser
need Xvfb xvfb
need node nodejs
need npm npm
need nginx nginx
need haproxy haproxy
need ip iproute2
need nft nftables
need conntrack conntrack
need redis-server redis-server
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$missing postgresql"
need gcc gcc

[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "installing for the tests:$missing"
	apt-get update -qq
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
else
	echo "make test needs these Debian packages, or their like:$missing" >&2
	echo "install them (sudo apt-get install$missing) and run it again" >&2
	exit 1
fi
