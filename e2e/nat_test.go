package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/internal/figures"
)

// internet is a laptop that reaches a server by Wi-Fi or by mobile, each behind a
// router that translates addresses and forgets:
//
//	       wlan0 — wifi ──┐
//	laptop                server
//	       wwan0 — mobile ┘
type internet struct {
	testing.TB
	laptop, wifi, mobile, server namespace
	browser                      *chromium
}

const serverIP = "10.77.99.1"

// lan is the network 10.77.n.0/24 between the laptop and the n-th router.
type lan struct {
	link string
	n    int
}

var wlan, wwan = lan{"wlan0", 1}, lan{"wwan0", 2}

func newInternet(t testing.TB) *internet {
	t.Helper()
	requireNetworks(t)
	forgetNamespaces(t)
	n := &internet{TB: t, laptop: newNamespace(t, "laptop"), wifi: newNamespace(t, "wifi"), mobile: newNamespace(t, "mobile"), server: newNamespace(t, "server")}
	n.server.ip("address", "add", serverIP+"/32", "dev", "lo")
	n.route(wlan, n.wifi)
	n.route(wwan, n.mobile)
	n.up(wlan, 2)
	n.browser = n.laptop.browse()
	return n
}

// forgetful makes a router that drops whatever belongs to no connection it knows.
const forgetful = `
table ip nat {
	chain postrouting {
		type nat hook postrouting priority srcnat
		oifname "wan" masquerade
	}
}
table ip filter {
	chain forward {
		type filter hook forward priority filter; policy drop
		ct state established,related accept
		iifname "lan" ct state new accept
	}
	chain input {
		type filter hook input priority filter; policy drop
		iifname "lan" accept
	}
}`

func (n *internet) route(l lan, router namespace) {
	n.Helper()
	n.laptop.ip("link", "add", l.link, "type", "veth", "peer", "name", "lan", "netns", router.name)
	router.ip("address", "add", fmt.Sprintf("10.77.%d.1/24", l.n), "dev", "lan")
	router.ip("link", "set", "lan", "up")
	outside := fmt.Sprintf("wan%d", l.n)
	router.ip("link", "add", "wan", "type", "veth", "peer", "name", outside, "netns", n.server.name)
	router.ip("address", "add", fmt.Sprintf("10.77.1%d.1/24", l.n), "dev", "wan")
	n.server.ip("address", "add", fmt.Sprintf("10.77.1%d.2/24", l.n), "dev", outside)
	router.ip("link", "set", "wan", "up")
	n.server.ip("link", "set", outside, "up")
	router.ip("route", "add", serverIP, "via", fmt.Sprintf("10.77.1%d.2", l.n))
	router.set("net/ipv4/ip_forward", 1)
	router.run("nft", forgetful)
	// Packets from the middle of a connection that is not known begin no new one.
	router.set("net/netfilter/nf_conntrack_tcp_loose", 0)
}

// up connects the laptop, with the host-th address of the network.
func (n *internet) up(l lan, host int) {
	n.Helper()
	n.laptop.batch(
		fmt.Sprintf("link set %s up", l.link),
		fmt.Sprintf("address replace 10.77.%d.%d/24 dev %s", l.n, host, l.link),
		fmt.Sprintf("route replace default via 10.77.%d.1", l.n))
}

// down takes the link, its addresses and its routes away.
func (n *internet) down(l lan) {
	n.Helper()
	n.laptop.batch("link set "+l.link+" down", "address flush dev "+l.link)
}

// forgets makes a router forget connections that were silent for so long.
func (n *internet) forgets(after time.Duration) {
	n.Helper()
	n.wifi.set("net/netfilter/nf_conntrack_tcp_timeout_established", int(after.Seconds()))
}

// visit opens a site on the server from the laptop.
func (n *internet) visit(t *testing.T, p traffic, options map[string]any) *world {
	t.Helper()
	w := enter(t, n.browser, n.server.site(t, serverIP), p, options)
	w.engine()
	return w
}

// healed is world.healed; but nobody tells the server of a connection that a
// router forgot, so it is the laptop that is asked how many it has.
func (n *internet) healed(w *world, limit time.Duration) {
	w.t.Helper()
	w.well(limit, func() error {
		return poll(soon, func() error {
			if alive := n.alive(w); alive != 1 {
				return fmt.Errorf("%d live sockets on the laptop, want 1", alive)
			}
			return nil
		})
	})
}

// alive is on how many of the laptop's connections to the feed all that was said
// has been received. A browser keeps those that were abandoned for a minute,
// trying to close in order.
func (n *internet) alive(w *world) (alive int) {
	_, feed, _ := strings.Cut(strings.TrimSuffix(w.url, "/feed"), "//")
	for line := range strings.Lines(n.laptop.run("ss", "-Htn", "state", "established", "dst", feed)) {
		if columns := strings.Fields(line); len(columns) > 1 && columns[1] == "0" { // Send-Q
			alive++
		}
	}
	return alive
}

func TestNAT(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	for _, sc := range []scenario{
		{name: "a router forgets a connection", traffic: busy, figure: 2500 * time.Millisecond, happens: func(w *world) time.Time {
			forgotten := time.Now()
			n.wifi.run("conntrack", "-F")
			return forgotten
		}},
		{name: "a router forgets a silent connection", traffic: idle, figure: 7500 * time.Millisecond, happens: func(w *world) time.Time {
			n.forgets(3 * time.Second)
			w.awaitEvent(w.publish(), soon) // a packet brings the change to what it belongs to
			silent := time.Now()
			<-time.After(3500 * time.Millisecond)
			w.publish()
			return silent
		}},
		{name: "from Wi-Fi to mobile", traffic: busy, figure: 2500 * time.Millisecond, happens: func(w *world) time.Time {
			n.down(wlan)
			back := time.Now()
			n.up(wwan, 2)
			return back
		}},
		{name: "from mobile to Wi-Fi, both there for a second", traffic: busy, figure: 3500 * time.Millisecond, happens: func(w *world) time.Time {
			both := time.Now()
			n.up(wlan, 2)
			<-time.After(time.Second)
			n.down(wwan)
			return both
		}},
		{name: "another address on the same network", traffic: busy, figure: 2500 * time.Millisecond, happens: func(w *world) time.Time {
			gone := time.Now()
			n.laptop.ip("address", "flush", "dev", wlan.link)
			n.up(wlan, 3)
			return gone
		}},
		{name: "no network for 5 s, then another address", traffic: busy, figure: 50 * time.Millisecond, sees: []string{"offline"}, happens: func(w *world) time.Time {
			n.down(wlan)
			w.awaitPage(0, soon, "offline")
			<-time.After(5 * time.Second)
			n.up(wlan, 4)
			return w.awaitPage(0, soon, "online").happened()
		}},
	} {
		t.Run(sc.name, func(t *testing.T) {
			w := n.visit(t, sc.traffic, nil)
			mark := w.mark()
			from := sc.happens(w)
			w.measured(figures.NAT, sc.name, mark, from, sc.figure, func(limit time.Duration) {
				n.forgets(time.Hour)
				n.healed(w, limit)
			})
			w.saw(mark, sc.sees)
		})
	}
	t.Run("heartbeats shorter than a router's memory", func(t *testing.T) {
		n.forgets(3 * time.Second)
		w := n.visit(t, idle, map[string]any{"visibleHeartbeat": 1000})
		<-time.After(15 * time.Second)
		n.healed(w, soon)
		n.forgets(time.Hour)
		if !w.proxy.Conns()[0].Alive() {
			t.Error("the connection was lost")
		}
		w.counted(figures.NAT, "heartbeats shorter than a router's memory")
	})
	t.Run("no link for 2 s", func(t *testing.T) {
		w := n.visit(t, busy, nil)
		n.laptop.ip("link", "set", wlan.link, "down")
		<-time.After(2 * time.Second)
		n.up(wlan, 4)
		n.healed(w, 7500*time.Millisecond)
		w.counted(figures.NAT, "no link for 2 s")
	})
}
