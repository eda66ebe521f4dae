package e2e

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/badlink"
	"github.com/wakesocket/wakesocket/e2e/internal/figures"
)

// countryside is a laptop far away from its server. There are several cables
// between them, so that no test is another's traffic.
type countryside struct {
	laptop, server namespace
	browser        *chromium
}

func newCountryside(t testing.TB) *countryside {
	t.Helper()
	requireNetworks(t)
	forgetNamespaces(t)
	c := &countryside{laptop: newNamespace(t, "far-laptop"), server: newNamespace(t, "far-server")}
	for _, ns := range []namespace{c.laptop, c.server} {
		// Every kernel has it and none forbids it, and loss slows down no other more.
		err := ns.within(func() error {
			return os.WriteFile("/proc/sys/net/ipv4/tcp_congestion_control", []byte("reno"), 0)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	c.browser = c.laptop.browse()
	return c
}

// lay lays the n-th cable, and returns the address of the server at its end.
func (c *countryside) lay(t testing.TB, n int) (cable *badlink.Cable, ip string) {
	t.Helper()
	name, near, far := fmt.Sprint("cable", n), fmt.Sprintf("10.78.%d.1", n), fmt.Sprintf("10.78.%d.2", n)
	plug := func(ns namespace, address, peer string) (end *os.File) {
		t.Helper()
		if err := ns.within(func() (err error) { end, err = badlink.Plug(name); return err }); err != nil {
			t.Fatal(err)
		}
		ns.batch("address add "+address+" peer "+peer+" dev "+name, "link set "+name+" up")
		return end
	}
	cable = badlink.Connect(plug(c.laptop, near, far), plug(c.server, far, near), uint64(n))
	t.Cleanup(func() { cable.Close() })
	return cable, far
}

// visit opens a site at that address of the server from the laptop.
func (c *countryside) visit(t testing.TB, ip string) *world {
	t.Helper()
	return enter(t, c.browser, c.server.site(t, ip), idle, nil)
}

// slow is a bad mobile link: a round trip takes 300 ms.
var slow = badlink.Quality{Latency: 150 * time.Millisecond, Loss: 0.05, Rate: 20_000}

var slowFeeds = []struct {
	name   string
	speaks func(*site)
	spare  int // connections that may come, and win
}{
	{"a busy feed", (*site).busy, 0},
	{"an idle feed", func(*site) {}, 0},
	// Five seconds at best, in which no frame is complete. They fill the queue, from
	// which TCP learns of seconds for a round trip; when it then loses the answer to a
	// ping, that is late by as much as a dead link is noticed in.
	{"big events", func(s *site) {
		big := func() { s.publishPadded(100_000) }
		big()
		s.every(30*time.Second, big)
	}, 2},
}

// A page is loaded on a good link, which then turns bad. The server is alive all
// the while: no connection may be given up.
func TestSlowLink(t *testing.T) {
	t.Parallel()
	slowLink(t, 50*time.Second)
}

func slowLink(t *testing.T, lasts time.Duration) {
	c := newCountryside(t)
	var all sync.WaitGroup // and not t.Parallel: they wait more than they work
	for i, f := range slowFeeds {
		all.Go(func() {
			t.Run(f.name, func(t *testing.T) {
				cable, ip := c.lay(t, i+1)
				w := c.visit(t, ip)
				mark := w.mark()
				cable.Set(slow)
				f.speaks(w.site)
				<-time.After(lasts)
				w.awaitEvent(w.publish(), time.Minute)
				w.settled("live", time.Minute)
				dials := len(w.proxy.Conns()) - 1
				if !w.proxy.Conns()[0].Alive() && dials > f.spare {
					t.Error("a live connection was torn down")
				}
				cable.Set(badlink.Quality{})
				w.healed(10 * time.Second)
				t.Logf("%d needless dials, in doubt for %v; up %+v, down %+v", dials, w.doubted(mark), cable.Up.Counts(), cable.Down.Counts())
				w.counted(figures.Link, "300 ms, 5 % loss, 20 kB/s: "+f.name)
			})
		})
	}
	all.Wait()
}

// doubted is for how long the page was told, since the mark, that the connection
// is in doubt.
func (w *world) doubted(mark int) (sum time.Duration) {
	var since time.Time
	for _, r := range w.seen()[mark:] {
		switch {
		case r.Kind != "state":
		case r.Name == "checking" && since.IsZero():
			since = r.happened()
		case r.Name != "checking" && !since.IsZero():
			sum += r.happened().Sub(since)
			since = time.Time{}
		}
	}
	return sum
}
