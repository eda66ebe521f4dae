package e2e

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/e2e/internal/figures"
	"github.com/wakesocket/wakesocket/e2e/levers"
	"github.com/wakesocket/wakesocket/wasm/native"
	"github.com/wakesocket/wakesocket/web/feed"
)

// Production in small: a balancer closes what is quiet for a minute, and clients
// speak every 25 s. Here both are at least 30 times as fast.
const (
	idleTimeout = 2 * time.Second
	heartbeat   = 500 * time.Millisecond
	proven      = 250 * time.Millisecond // uptime after which a loss is redialed at once, 5 s
)

var kinds = []string{"nginx", "haproxy"}

// visitor is a client of either sort on a site.
type visitor interface {
	awaitEvent(n int, limit time.Duration)
	healed(limit time.Duration)
}

// together runs tests at the same time: they wait most of the time.
func together(t *testing.T, tests map[string]func(*testing.T)) {
	var running sync.WaitGroup
	for name, test := range tests {
		running.Go(func() { t.Run(name, test) })
	}
	running.Wait()
}

// visit opens a site by either sort of client; beats tells whether it sends heartbeats.
func visit(t *testing.T, s *site, client string, beats bool) visitor {
	t.Helper()
	if client == "program" {
		return s.program(t, nil, func(o *native.Options) {
			o.MinUptime = proven
			if !beats {
				o.Heartbeat = -1
			}
		})
	}
	options := map[string]any{"minUptime": proven.Milliseconds()}
	if !beats {
		options["heartbeat"] = 0
	}
	return enter(t, startBrowser(t), s, idle, options)
}

func TestIdleTimeoutOfBalancers(t *testing.T) {
	t.Parallel()
	startBrowser(t)
	tests := map[string]func(*testing.T){}
	for _, kind := range kinds {
		for _, client := range []string{"browser", "program"} {
			tests[kind+" "+client+" with heartbeats"] = func(t *testing.T) { outlivesIdleTimeouts(t, kind, client) }
			tests[kind+" "+client+" without"] = func(t *testing.T) { healsFromIdleTimeouts(t, kind, client) }
		}
	}
	together(t, tests)
}

func balanced(t *testing.T, kind string) *site {
	s := newSite(t)
	s.use(feed.Options{Heartbeat: heartbeat, Silence: time.Minute})
	s.front(reverseOptions{kind: kind, idle: idleTimeout})
	return s
}

func outlivesIdleTimeouts(t *testing.T, kind, client string) {
	s := balanced(t, kind)
	v := visit(t, s, client, true)
	<-time.After(20 * idleTimeout)
	v.healed(soon)
	unbroken(t, s)
	report(result{Group: figures.Balancers, Scenario: "20 idle timeouts of " + kind + ", heartbeats of a " + client, Sockets: len(s.proxy.Conns())})
}

// unbroken asserts that no connection ended but for another that was there
// already: where a busy machine stalls a client, it may call for a second one.
func unbroken(t *testing.T, s *site) {
	t.Helper()
	ended := func(c *faultproxy.Conn) time.Time {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		at, _ := c.AwaitClientEnd(now) // zero when it lives
		return at
	}
	conns := s.proxy.Conns()
	for i, c := range conns {
		end := ended(c)
		if end.IsZero() {
			continue
		}
		if !slices.ContainsFunc(conns, func(other *faultproxy.Conn) bool {
			return other.Accepted.Before(end) && (ended(other).IsZero() || ended(other).After(end))
		}) {
			t.Errorf("connection %d of %d was lost after %v", i, len(conns), end.Sub(c.Accepted))
		}
	}
}

func healsFromIdleTimeouts(t *testing.T, kind, client string) {
	s := balanced(t, kind)
	v := visit(t, s, client, false)
	for n := range 5 {
		within, cancel := context.WithTimeout(context.Background(), 4*idleTimeout)
		defer cancel()
		ended, err := s.proxy.Conns()[n].AwaitClientEnd(within)
		if err != nil {
			t.Fatalf("connection %d outlived the idle timeout: %v", n, err)
		}
		missed := s.publish()
		next, err := s.proxy.Dialed(within, n+1)
		if err != nil {
			t.Fatalf("connection %d ended and no other came: %v", n, err)
		}
		v.awaitEvent(missed, soon)
		result{Group: figures.Balancers, Scenario: kind + " closes an idle connection of a " + client, Figure: 0.05,
			Dial: next.Accepted.Sub(ended).Seconds(), Sockets: n + 2}.within(t)
	}
	v.healed(soon)
}

// crowd is how much more time things get in tests that run beside others, with
// several browsers on few cores.
const crowd = 2 * time.Second

// within reports, and asserts that the next dial came in three times the figure.
func (r result) within(t *testing.T) {
	t.Helper()
	if r.Dial > 3*r.Figure+crowd.Seconds() {
		t.Errorf("%s: the next dial came after %.3f s; the figure is %.3f", r.Scenario, r.Dial, r.Figure)
	}
	report(r)
}

// measured waits for the dial that heals, asserts what heals asserts, and reports
// the times since the moment when it happened.
func (w *world) measured(group, name string, mark int, from time.Time, figure time.Duration, heals func(limit time.Duration)) {
	w.t.Helper()
	next := w.next(1, from, 3*figure+crowd)
	heals(10 * time.Second)
	r := result{Group: group, Scenario: name, Figure: figure.Seconds()}
	w.tally(&r, mark, from, next)
	report(r)
}

// A reload leaves old connections with a process that ends soon after.
func TestReloadOfBalancers(t *testing.T) {
	t.Parallel()
	startBrowser(t)
	tests := map[string]func(*testing.T){}
	for _, kind := range kinds {
		tests[kind] = func(t *testing.T) {
			s := newSite(t)
			p := s.front(reverseOptions{kind: kind, grace: 500 * time.Millisecond})
			w := enter(t, startBrowser(t), s, busy, nil)
			<-time.After(minUptime)
			mark := w.mark()
			p.reload()
			ended, err := s.proxy.Conns()[0].AwaitClientEnd(w.within(10 * time.Second))
			if err != nil {
				t.Fatalf("%s kept the connection: %v", kind, err)
			}
			w.measured(figures.Balancers, kind+" is reloaded", mark, ended, 50*time.Millisecond, w.healed)
			w.saw(mark, []string{"reconnecting"})
		}
	}
	together(t, tests)
}

// The page, the client and the feed by https and wss. Where the proxy can, the
// feed goes over the page's own HTTP/2 connection (RFC 8441).
func TestTLS(t *testing.T) {
	t.Parallel()
	for kind, version := range map[string]string{"nginx": "HTTP/1.1", "haproxy": "HTTP/2.0"} {
		t.Run(kind, func(t *testing.T) {
			s := newSite(t)
			versions := make(chan string, 100)
			s.use(feed.Options{Authorize: func(r *http.Request) (*feed.Grant, error) {
				versions <- r.Header.Get("X-Http-Version")
				return nil, nil
			}})
			p := s.front(reverseOptions{kind: kind, tls: trusted(), grace: 500 * time.Millisecond})
			w := enter(t, startBrowser(t), s, busy, nil)
			if got := <-versions; got != version {
				t.Errorf("the browser came by %s; want %s", got, version)
			}
			w.cut()
			w.dialed(1, 7500*time.Millisecond)
			w.healed(10 * time.Second)
			p.reload()
			w.dialed(2, 10*time.Second)
			w.healed(10 * time.Second)
		})
	}
}

// Where WebSockets go over the page's HTTP/2 connection, a browser dials again on
// the one that died, and only its own check of it helps: 10 s of silence before a
// ping, 10 s for the answer. With connections of their own, they do not wait for it.
func TestSilentCutUnderHTTP2(t *testing.T) {
	t.Parallel()
	startBrowser(t)
	cut := func(name string, apart bool, figure time.Duration) func(*testing.T) {
		return func(t *testing.T) {
			s := newSite(t)
			p := s.front(reverseOptions{kind: "haproxy", tls: trusted(), apart: apart})
			path, err := faultproxy.Listen(p.Address)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(path.Close)
			s.home, s.url = "https://"+path.Addr(), "wss://"+path.Addr()+"/feed"
			w := enter(t, startBrowser(t), s, busy, nil)
			mark, from := w.mark(), time.Now()
			path.Existing(faultproxy.Swallow)
			w.measured(figures.Balancers, "silent cut, "+name, mark, from, figure, func(limit time.Duration) {
				// HAProxy keeps the old connection to the feed.
				w.well(limit, func() error { return nil })
			})
			w.saw(mark, []string{"checking"})
		}
	}
	together(t, map[string]func(*testing.T){
		"shared": cut("WebSockets over HTTP/2", false, 22*time.Second),
		"apart":  cut("only the page over HTTP/2", true, 2500*time.Millisecond),
	})
}

// A certificate that cannot be trusted is a failure that may pass: it may be
// replaced.
func TestCertificateIsRenewed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	page := s.home
	p := s.front(reverseOptions{kind: "nginx", tls: stranger()})
	w := &world{site: s, t: t}
	w.tab = openTab(t, page+"/page.html", levers.PatchClock())
	w.run(`open(%s)`, s.url)
	w.await(0, 10*time.Second, "a wait", func(r record) bool { return r.Name == "connecting" && r.RetryAt > 0 })
	if n := len(s.proxy.Conns()); n > 0 {
		t.Errorf("%d connections came through a certificate that nobody trusts", n)
	}
	p.renew(trusted())
	w.awaitState(0, 15*time.Second, "live")
	w.healed(soon)
}

func TestTLSOfAProgram(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*testing.T){}
	for _, kind := range kinds {
		tests[kind] = func(t *testing.T) {
			s := newSite(t)
			s.front(reverseOptions{kind: kind, tls: trusted()})
			p := s.program(t, trusted(), nil)
			s.proxy.Existing(faultproxy.Swallow)
			p.healed(22500 * time.Millisecond)
		}
	}
	together(t, tests)
}
