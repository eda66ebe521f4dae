package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/e2e/levers"
)

// world is a page that is live on a site, ready for something to happen to it.
type world struct {
	*tab
	*site
	t testing.TB
}

// Helper, Fatal and the rest are the tab's.
func (w *world) Fatal(args ...any)                 { w.t.Helper(); w.t.Fatal(args...) }
func (w *world) Fatalf(format string, args ...any) { w.t.Helper(); w.t.Fatalf(format, args...) }

type traffic bool

const (
	idle traffic = false
	busy traffic = true
)

// newWorld opens the page and waits until it is live and has had an event.
func newWorld(t testing.TB, p traffic, options map[string]any) *world {
	t.Helper()
	return enter(t, startBrowser(t), newSite(t), p, options)
}

// enter is newWorld on a site and in a browser that are there.
func enter(t testing.TB, b *chromium, s *site, p traffic, options map[string]any) *world {
	t.Helper()
	w := &world{site: s, t: t}
	w.tab = b.openTab(t, s.home+"/page.html", levers.PatchClock())
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(w.connections())
		}
	})
	w.start(p, options)
	return w
}

// start opens the feed in the page.
func (w *world) start(p traffic, options map[string]any) {
	w.t.Helper()
	w.run(`open(%s, %s ?? undefined)`, w.url, options)
	w.awaitState(0, 10*time.Second, "live")
	n := w.publish()
	w.awaitEvent(n, soon)
	if p == busy {
		w.busy()
		// A feed is known to be busy when its usual interval is known.
		w.await(w.mark(), soon, "a busy feed", func(r record) bool { return r.Kind == "event" && r.N >= n+10 })
	}
}

// engine waits until client.wasm has taken over from the basic session, which has one
// socket only and tears it down when a clock jumps.
func (w *world) engine() {
	w.t.Helper()
	w.await(0, patience, "the engine", func(r record) bool { return r.Kind == "engine" })
}

func (w *world) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeoutCause(context.Background(), d, fmt.Errorf("not within %v", d))
	w.t.Cleanup(cancel)
	return ctx
}

func (w *world) awaitEvent(n int, limit time.Duration) {
	w.t.Helper()
	w.await(0, limit, fmt.Sprint("event #", n), func(r record) bool { return r.Kind == "event" && r.N == n })
}

// dialed waits for the n-th connection, counted from 0.
func (w *world) dialed(n int, limit time.Duration) *faultproxy.Conn {
	w.t.Helper()
	c, err := w.proxy.Dialed(w.within(limit), n)
	if err != nil {
		w.Fatalf("connection %d: %v", n, err)
	}
	return c
}

// cut loses everything on the connections that there are; new ones work.
func (w *world) cut() { w.proxy.Existing(faultproxy.Swallow) }

// fault puts a fault on the connections that there are, and returns when.
func (w *world) fault(f faultproxy.Fault) time.Time {
	at := time.Now()
	w.proxy.Existing(f)
	return at
}

// refuse resets what there is, and nothing listens any more; serve listens again.
func (w *world) refuse() {
	w.proxy.New(faultproxy.Refuse)
	w.proxy.Existing(faultproxy.Reset)
}

func (w *world) serve() {
	w.t.Helper()
	if err := w.proxy.New(faultproxy.None); err != nil {
		w.Fatal(err)
	}
}

// sleep halts the browser; meanwhile happens while it is halted.
func (w *world) sleep(d time.Duration, meanwhile func()) (woken time.Time) {
	w.t.Helper()
	if err := levers.Stop(w.pid()); err != nil {
		w.Fatal(err)
	}
	meanwhile()
	<-time.After(d)
	woken = time.Now()
	if err := levers.Continue(w.pid()); err != nil {
		w.Fatal(err)
	}
	return woken
}

// hide puts another tab in front; show brings the page back.
func (w *world) hide() (show func()) {
	w.t.Helper()
	mark := w.mark()
	front, err := levers.Hide(w.tab.page)
	if err != nil {
		w.Fatal(err)
	}
	w.awaitPage(mark, soon, "hidden")
	return func() {
		w.t.Helper()
		w.lever(func(ctx context.Context) error { return levers.Show(ctx, front) })
	}
}

func (w *world) clock(wall, mono time.Duration) { w.t.Helper(); w.do(levers.Clock(wall, mono)) }

// healed asserts that all is well: what was published arrived once and in order,
// the page and its badge say live, and one socket is alive.
func (w *world) healed(limit time.Duration) {
	w.t.Helper()
	w.well(limit, w.single)
}

// single waits until exactly one socket is alive.
func (w *world) single() error {
	err := w.proxy.AwaitLive(w.within(soon), 1)
	if err != nil {
		err = fmt.Errorf("%d live sockets, want 1: %w", w.proxy.Live(), err)
	}
	return err
}

// well is healed with another way to find that one socket is alive.
func (w *world) well(limit time.Duration, one func() error) {
	w.t.Helper()
	w.awaitEvent(w.publish(), limit)
	w.settled("live", limit)
	w.badge("live", soon)
	if err := one(); err != nil {
		w.t.Error(err)
	}
	// What comes twice comes before this one.
	w.awaitEvent(w.publish(), soon)
	w.exact()
}

// exact asserts that every event from the first one on arrived once and in order.
func (w *world) exact() {
	w.t.Helper()
	next := 0
	for _, r := range w.seen() {
		switch r.Kind {
		case "event":
			if next != 0 && r.N != next {
				w.t.Errorf("event #%d came where #%d was due", r.N, next)
			}
			next = r.N + 1
		case "gap":
			w.t.Errorf("a gap was reported: %v", r)
		case "uncaught", "unreadable":
			w.t.Errorf("%v", r)
		}
	}
}

// connections tells a failed test's reader what the proxy saw.
func (w *world) connections() string {
	var b strings.Builder
	b.WriteString("connections, in seconds since the tab was opened:\n")
	for i, c := range w.proxy.Conns() {
		up, down := c.Carried()
		fmt.Fprintf(&b, "  %d %7.3f  %s, %d bytes up, %d down\n", i, c.Accepted.Sub(w.opened).Seconds(), c.Request(), up, down)
	}
	return b.String()
}
