package e2e

import (
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/e2e/internal/figures"
	"github.com/wakesocket/wakesocket/e2e/levers"
)

// connect opens the page on a fresh site without waiting for anything.
func connect(t testing.TB, prepare func(*site)) *world {
	t.Helper()
	return connectIn(t, startBrowser(t), prepare)
}

func connectIn(t testing.TB, b *chromium, prepare func(*site)) *world {
	t.Helper()
	s := newSite(t)
	if prepare != nil {
		prepare(s)
	}
	w := &world{site: s, t: t}
	w.tab = b.openTab(t, s.page.URL+"/page.html", levers.PatchClock())
	w.run(`open(%s)`, s.url)
	return w
}

// close() in every state: the page is told stopped, nothing is dialed any more
// and no socket stays.
func TestCloseInEveryState(t *testing.T) {
	tests := []struct {
		state string
		reach func(*testing.T) *world
	}{
		{"connecting, the handshake hanging", func(t *testing.T) *world {
			w := connect(t, func(s *site) { s.proxy.New(faultproxy.Hang) })
			w.dialed(0, soon)
			return w
		}},
		{"live", func(t *testing.T) *world { return newWorld(t, idle, nil) }},
		{"checking", func(t *testing.T) *world {
			w := newWorld(t, busy, nil)
			w.proxy.New(faultproxy.Hang)
			w.cut()
			w.awaitState(0, 10*time.Second, "checking")
			return w
		}},
		{"reconnecting, waiting", func(t *testing.T) *world {
			w := newWorld(t, idle, nil)
			w.proxy.New(faultproxy.Refuse)
			w.proxy.Existing(faultproxy.Reset)
			w.await(0, 10*time.Second, "a wait", func(r record) bool { return r.Name == "reconnecting" && r.RetryAt > 0 })
			return w
		}},
		{"reconnecting, dialing", func(t *testing.T) *world {
			w := newWorld(t, idle, nil)
			w.proxy.New(faultproxy.Hang)
			w.proxy.Existing(faultproxy.Reset)
			w.dialed(1, 10*time.Second)
			return w
		}},
		{"offline", func(t *testing.T) *world {
			w := newWorld(t, idle, nil)
			w.lever(levers.Offline)
			w.proxy.Existing(faultproxy.Reset)
			w.awaitState(0, 10*time.Second, "offline")
			return w
		}},
		{"stopped", func(t *testing.T) *world {
			w := newWorld(t, idle, nil)
			w.run(`feed.close()`)
			w.awaitState(0, soon, "stopped")
			return w
		}},
	}
	for _, tt := range tests {
		t.Run(tt.state, func(t *testing.T) {
			w := tt.reach(t)
			w.run(`feed.close(); feed.close()`)
			w.staysClosed()
			w.counted(figures.Closing, tt.state+"; then every wake there is")
		})
	}
}

func TestCloseBeforeTheWasmIsThere(t *testing.T) {
	s := newSite(t)
	w := &world{site: s, t: t}
	w.tab = openTab(t, s.page.URL+"/page.html", levers.PatchClock())
	w.run(`import("/dist/shim.js").then(({ connect }) => { watch(connect(%s)); feed.close(); })`, s.url)
	w.await(0, soon, "the rejection of ready", func(r record) bool { return r.Kind == "rejected" })
	w.staysClosed()
}

// staysClosed pulls every lever that wakes a feed and asserts that this one
// sleeps on.
func (w *world) staysClosed() {
	w.t.Helper()
	w.settled("stopped", soon)
	dials := len(w.proxy.Conns())
	w.hide()()
	w.lever(levers.Offline)
	w.lever(levers.Online)
	w.lever(levers.Freeze)
	w.lever(levers.Resume)
	w.clock(time.Hour, 0)
	w.sleep(time.Second, func() {})
	w.run(`dispatchEvent(new Event("focus")); dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))`)
	<-time.After(1500 * time.Millisecond) // more than the clock is watched by, and than a first wait
	if n := len(w.proxy.Conns()); n != dials {
		w.t.Errorf("%d dials after close()", n-dials)
	}
	w.settled("stopped", soon)
	w.badge("stopped", soon)
	if err := w.proxy.AwaitLive(w.within(soon), 0); err != nil {
		w.t.Errorf("%d sockets are alive after close(): %v", w.proxy.Live(), err)
	}
	for _, r := range w.seen() {
		if r.Kind == "uncaught" {
			w.t.Errorf("%v", r)
		}
	}
}

func TestReconnectAfterClose(t *testing.T) {
	w := newWorld(t, idle, nil)
	w.run(`feed.close()`)
	w.awaitState(0, soon, "stopped")
	w.publish() // missed while closed; to be replayed
	mark := w.mark()
	w.run(`feed.reconnect()`)
	w.awaitState(mark, soon, "live")
	w.healed(soon)
}
