package e2e

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/e2e/levers"
	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// A restart that keeps the log loses nothing.
func TestRestartWithTheLogKept(t *testing.T) {
	t.Parallel()
	log := memory.New(memory.Options{})
	w := newWorldOn(t, feed.Options{Store: log})
	w.site.use(feed.Options{Store: log})
	w.publish()
	w.proxy.Existing(faultproxy.Reset)
	w.dialed(1, 10*time.Second)
	w.healed(10 * time.Second)
}

// A restart that loses the log is told as a gap, and what the new log holds
// follows.
func TestRestartWithANewLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t, idle, nil)
	w.site.use(feed.Options{})
	first := w.publish() // in the new log, while the page is still on the old one
	w.proxy.Existing(faultproxy.Reset)
	gap := w.await(0, 10*time.Second, "a gap", func(r record) bool { return r.Kind == "gap" })
	if gap.Reason != "epoch" || gap.After == "" {
		t.Errorf("told %v; want a gap for another epoch", gap)
	}
	w.awaitEvent(first, soon)
	w.awaitEvent(w.publish(), soon)
	w.settled("live", soon)
}

// What the log no longer holds is told as a gap; what it holds comes.
func TestTrimmedLog(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, feed.Options{Store: memory.New(memory.Options{Events: 10}), Ring: 10})
	w.proxy.New(faultproxy.Refuse)
	w.proxy.Existing(faultproxy.Reset)
	last := 0
	for range 25 {
		last = w.publish()
	}
	if err := w.proxy.New(faultproxy.None); err != nil {
		t.Fatal(err)
	}
	w.run(`feed.reconnect()`)
	w.awaitEvent(last, soon)
	told := w.told()
	gap := -1
	next := last - 9
	for i, r := range told {
		switch {
		case r.Kind == "gap":
			gap = i
			if r.Reason != "trimmed" {
				t.Errorf("told %v; want a gap for a trimmed log", r)
			}
		case r.Kind == "event" && gap >= 0:
			if r.N != next {
				t.Errorf("event #%d came behind the gap where #%d was due", r.N, next)
			}
			if r.N == last-9 && r.ID != told[gap].Earliest {
				t.Errorf("the gap ends at %s; the first event behind it is %s", told[gap].Earliest, r.ID)
			}
			next++
		}
	}
	if gap < 0 {
		t.Error("no gap was told")
	}
}

// newWorldOn is a page on a feed with these options.
func newWorldOn(t testing.TB, o feed.Options) *world {
	t.Helper()
	s := newSite(t)
	s.use(o)
	w := &world{site: s, t: t}
	w.tab = openTab(t, s.page.URL+"/page.html", levers.PatchClock())
	w.run(`open(%s)`, s.url)
	w.awaitState(0, 10*time.Second, "live")
	w.awaitEvent(w.publish(), soon)
	return w
}

// The cursor survives a reload, and a way there and back.
func TestReloadGoesOnWhereItWas(t *testing.T) {
	for name, leave := range map[string]func(*world) func(){
		"reload": func(w *world) func() {
			return func() { w.do(chromedp.Reload()) }
		},
		"away and back": func(w *world) func() {
			w.do(chromedp.Navigate(w.site.page.URL + "/page.js"))
			return func() {
				// A page that was kept is shown again without being loaded.
				w.run(`setTimeout(() => history.back())`)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, idle, map[string]any{"persist": "cursor"})
			w.run(`sessionStorage.setItem("open", JSON.stringify([%s, { persist: "cursor" }]))`, w.url)
			back := leave(w)
			w.cut() // so that the event is for the page that comes back
			w.publish()
			back()
			w.healed(10 * time.Second)
		})
	}
}

// Sleep catches a client at anything.
func TestSleepWhile(t *testing.T) {
	const nap = 4 * time.Second
	t.Run("connecting", func(t *testing.T) {
		w := connect(t, func(s *site) { s.proxy.New(faultproxy.Hang) })
		w.dialed(0, soon)
		woken := w.sleep(nap, func() { w.proxy.New(faultproxy.None) })
		w.within3(woken, w.dialed(1, soon), time.Second)
		w.awaitState(0, soon, "live")
		w.healed(soon)
	})
	t.Run("waiting to retry", func(t *testing.T) {
		w := newWorld(t, idle, map[string]any{"backoffBase": 60_000, "backoffCap": 60_000})
		w.proxy.New(faultproxy.Refuse)
		w.proxy.Existing(faultproxy.Reset)
		w.await(0, 20*time.Second, "a long wait", func(r record) bool {
			return r.Kind == "state" && r.RetryAt > time.Now().Add(10*time.Second).UnixMilli()
		})
		w.publish()
		dials := len(w.proxy.Conns())
		woken := w.sleep(nap, func() { w.proxy.New(faultproxy.None) })
		w.within3(woken, w.dialed(dials, soon), time.Second)
		w.healed(soon)
	})
	t.Run("catching up", func(t *testing.T) {
		w := newWorld(t, idle, nil)
		w.proxy.New(faultproxy.Refuse)
		w.proxy.Existing(faultproxy.Reset)
		for range 3000 {
			w.publish()
		}
		w.proxy.New(faultproxy.SwallowDown) // the second connection dies in its replay
		w.run(`feed.reconnect()`)
		w.dialed(1, soon)
		w.sleep(nap, func() { w.proxy.New(faultproxy.None) })
		w.healed(10 * time.Second)
	})
	t.Run("closing", func(t *testing.T) {
		w := newWorld(t, idle, nil)
		w.cut()
		w.run(`feed.close()`)
		w.sleep(nap, func() {})
		w.staysClosed()
	})
}

// within3 asserts that the dial came within three times the figure.
func (w *world) within3(from time.Time, dial *faultproxy.Conn, figure time.Duration) {
	w.t.Helper()
	if took := dial.Accepted.Sub(from); took > 3*figure {
		w.t.Errorf("dialed after %v; want %v", took, figure)
	}
}

// A stall that ends gives the old connection back its bytes, beside the new one:
// nothing may come twice.
func TestStallThatEnds(t *testing.T) {
	w := newWorld(t, busy, nil)
	old := w.proxy.Conns()[0]
	old.Fault(faultproxy.Hang)
	w.dialed(1, 10*time.Second)
	old.Fault(faultproxy.None)
	w.healed(10 * time.Second)
}

// A slow link is not a dead one.
func TestSlowLinkIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, busy, nil)
	w.proxy.Delay(300 * time.Millisecond)
	<-time.After(15 * time.Second)
	w.undisturbed(false)
}

// A server that accepts only to close is not dialed in a loop.
func TestAcceptThenClose(t *testing.T) {
	t.Parallel()
	tb := clientTab(t)
	came := make(chan int, 1000)
	tb.run(`open(%s)`, plainServer(t, func(p *peer) { came <- p.n }))
	<-time.After(6 * time.Second)
	// Backoff doubles from 1 s with full jitter: 3 to 6 are usual.
	if n := len(came); n < 2 || n > 12 {
		t.Errorf("%d dials in 6 s", n)
	}
	tb.run(`feed.close()`)
}
