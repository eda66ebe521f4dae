package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/e2e/internal/figures"
	"github.com/wakesocket/wakesocket/e2e/levers"
	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// matrix is what may happen to a page. The rest needs a world of its own: a link
// that loses packets, a tab with one timer a minute or none at all, a server that
// is killed, a NAT, a balancer, another engine. See slow_test.go,
// background_test.go, discard_test.go, crash_test.go, nat_test.go, proxies_test.go
// and engine_test.go.
var matrix = []group{
	{name: figures.Link, scenarios: links, parallel: true, browser: startBrowser},
	// A sleep stops a whole browser: each has one of its own.
	{name: figures.Machine, scenarios: sleeps, parallel: true, browser: func(t testing.TB) *chromium { return ownBrowser(t) }},
	{name: figures.Tab, scenarios: tabs, browser: startBrowser},
	{name: figures.Server, scenarios: servers, browser: startBrowser},
}

// What networks do to a page that somebody looks at, or not.
var links = []scenario{
	{
		name: "silent cut of a busy feed, visible", column: "a busy", traffic: busy, figure: 2500 * time.Millisecond,
		happens: func(w *world) time.Time { w.cut(); return time.Now() },
		sees:    []string{"checking"}, holds: heals,
	}, {
		name: "silent cut of an idle feed, visible", column: "a idle", traffic: idle, figure: 7500 * time.Millisecond,
		happens: func(w *world) time.Time { w.cut(); w.publish(); return time.Now() },
		sees:    []string{"checking"}, holds: heals,
	}, {
		name: "silent cut, hidden", column: "a hidden", traffic: busy, figure: 36 * time.Second,
		happens: func(w *world) time.Time { w.hide(); w.cut(); return time.Now() },
		sees:    []string{"checking"}, holds: heals,
	}, {
		name: "hidden, cut, then visible", traffic: busy, figure: 300 * time.Millisecond,
		happens: func(w *world) time.Time {
			show := w.hide()
			mark := w.mark()
			w.cut()
			show()
			return w.awaitPage(mark, soon, "visible").happened()
		},
		sees: []string{"checking"}, holds: heals,
	}, {
		name: "only what the server says is lost, a busy feed", traffic: busy, figure: 2500 * time.Millisecond,
		happens: func(w *world) time.Time { return w.fault(faultproxy.SwallowDown) },
		sees:    []string{"checking"}, holds: heals,
	}, {
		// Nothing may be published before it is live again: a frame would prove the
		// old connection, which brings what there is to bring.
		name: "only what the page says is lost, an idle feed", traffic: idle, figure: 7500 * time.Millisecond,
		happens: func(w *world) time.Time {
			mark := w.mark()
			at := w.fault(faultproxy.SwallowUp)
			w.awaitState(mark, 25*time.Second, "live")
			return at
		},
		sees: []string{"checking"}, holds: heals,
	}, {
		// Frames that come prove the link to the page; the server ends what is silent.
		name: "only what the page says is lost, a busy feed: until the server notices", traffic: busy, proven: true,
		server:  func() feed.Options { return feed.Options{Heartbeat: time.Second, Silence: 3 * time.Second} },
		figure:  3 * time.Second,
		happens: func(w *world) time.Time { return w.fault(faultproxy.SwallowUp) },
		sees:    []string{"reconnecting"}, holds: heals,
	}, {
		name: "half-close: the server's end is closed", traffic: busy, proven: true, figure: 50 * time.Millisecond,
		happens: func(w *world) time.Time { return w.fault(faultproxy.HalfCloseDown) },
		sees:    []string{"reconnecting"}, holds: heals,
	}, {
		name: "half-close: the page's end is closed", traffic: busy, proven: true, figure: 50 * time.Millisecond,
		happens: func(w *world) time.Time { return w.fault(faultproxy.HalfCloseUp) },
		sees:    []string{"reconnecting"}, holds: heals,
	}, {
		name: "clean reset", column: "f", traffic: busy, proven: true, figure: 50 * time.Millisecond,
		happens: func(w *world) time.Time { return w.fault(faultproxy.Reset) },
		sees:    []string{"reconnecting"}, holds: heals,
	}, {
		name: "the first redial hangs", column: "e", traffic: busy, proven: true, figure: 2500 * time.Millisecond,
		happens: func(w *world) time.Time {
			w.proxy.New(faultproxy.Hang)
			w.proxy.Existing(faultproxy.Reset)
			hung := w.dialed(1, soon)
			w.proxy.New(faultproxy.None)
			return hung.Accepted
		},
		sees: []string{"reconnecting"}, holds: heals,
	}, {
		// The old connection gets its bytes back beside the new one.
		name: "a stall that ends when another connection is there", traffic: busy, figure: 2500 * time.Millisecond,
		happens: func(w *world) time.Time {
			stalled := w.fault(faultproxy.Hang)
			w.dialed(1, 10*time.Second)
			w.proxy.Conns()[0].Fault(faultproxy.None)
			return stalled
		},
		sees: []string{"checking"}, holds: heals,
	}, {
		name: "offline, then online, the link alive all the while", traffic: busy,
		happens: func(w *world) time.Time {
			w.lever(levers.Offline)
			w.awaitPage(0, soon, "offline")
			w.settled("offline", soon)
			return w.online()
		},
		holds: prevails,
	},
}

// What sleep does, at whatever it finds the page.
var sleeps = []scenario{
	{
		name: "sleep, then visibilitychange", column: "b", traffic: busy, figure: 200 * time.Millisecond,
		happens: func(w *world) time.Time {
			show := w.hide()
			mark := w.mark()
			w.sleep(10*time.Second, w.cut)
			show()
			return w.awaitPage(mark, soon, "visible").happened()
		},
		sees: []string{"checking"}, holds: heals,
	}, {
		name: "sleep without any event", column: "c", traffic: busy, figure: 300 * time.Millisecond,
		happens: func(w *world) time.Time { return w.sleep(10*time.Second, w.cut) },
		sees:    []string{"checking"}, holds: heals,
	}, {
		name: "true sleep of 10 h: the wall clock jumps, the monotonic clock held, no event", column: "c2", traffic: busy, figure: 800 * time.Millisecond,
		happens: func(w *world) time.Time {
			w.cut()
			woken := time.Now()
			w.clock(10*time.Hour, 0)
			return woken
		},
		sees: []string{"checking"}, holds: heals,
	}, {
		name: "sleep, then offline and online", column: "d", traffic: busy, figure: 50 * time.Millisecond,
		happens: func(w *world) time.Time {
			w.lever(levers.Offline)
			w.awaitState(0, soon, "offline")
			w.sleep(10*time.Second, w.cut)
			return w.online()
		},
		sees: []string{"offline"}, holds: heals,
	}, {
		name: "sleep, offline, awake for 300 ms before online", traffic: busy, figure: 50 * time.Millisecond,
		happens: func(w *world) time.Time {
			w.lever(levers.Offline)
			w.awaitPage(0, soon, "offline")
			w.sleep(nap, w.cut)
			<-time.After(300 * time.Millisecond)
			return w.online()
		},
		holds: heals,
	}, {
		name: "sleep while connecting", figure: 300 * time.Millisecond,
		begin: func(t testing.TB, b *chromium) *world {
			w := connectIn(t, b, func(s *site) { s.proxy.New(faultproxy.Hang) })
			w.dialed(0, soon)
			return w
		},
		happens: func(w *world) time.Time { return w.sleep(nap, func() { w.proxy.New(faultproxy.None) }) },
		holds:   func(w *world) { w.awaitState(0, soon, "live"); heals(w) },
	}, {
		name: "sleep while waiting to retry", figure: 300 * time.Millisecond,
		// The wait is drawn between nothing and this: hardly ever is it a short one.
		client: map[string]any{"minReconnectDelay": 3_600_000, "maxReconnectDelay": 3_600_000},
		happens: func(w *world) time.Time {
			w.refuse()
			w.await(0, 20*time.Second, "a long wait", func(r record) bool {
				return r.Kind == "state" && r.RetryAt > time.Now().Add(10*time.Second).UnixMilli()
			})
			w.publish()
			return w.sleep(nap, w.serve)
		},
		sees: []string{"reconnecting"}, holds: heals,
	}, {
		// The browser still holds frames of the replay when it wakes. On a busy machine
		// they come late enough to pass for signs of life.
		name: "10 MB to replay, the link slow, and a second sleep in the middle", figure: time.Second,
		happens: func(w *world) time.Time {
			last := 0
			w.sleep(nap, func() {
				w.cut()
				w.proxy.Rate(5 << 20)
				for range 1000 {
					last = w.publishPadded(10 << 10)
				}
			})
			w.awaitEvent(last-900, 10*time.Second)
			woken := w.sleep(nap, w.cut)
			w.proxy.Rate(0)
			if slices.ContainsFunc(w.seen(), func(r record) bool { return r.N == last }) {
				w.t.Error("the replay was over before the second sleep")
			}
			return woken
		},
		sees: []string{"checking"}, holds: heals,
	}, {
		name: "sleep while closing", happens: func(w *world) time.Time {
			w.cut()
			w.run(`feed.close()`)
			return w.sleep(nap, func() {})
		},
		holds: (*world).staysClosed,
	}, {
		name: "a stop of 2 s, the link alive", traffic: busy,
		happens: func(w *world) time.Time { return w.sleep(2*time.Second, func() {}) },
		holds:   prevails,
	}, {
		name: "sleep of 10 s, the link alive", traffic: busy,
		happens: func(w *world) time.Time { return w.sleep(10*time.Second, func() {}) },
		holds:   prevails,
	}, {
		name: "the clock is set an hour ahead, the link alive", traffic: busy,
		happens: func(w *world) time.Time { w.clock(time.Hour, 0); return time.Now() },
		holds:   prevails,
	}, {
		name: "the clock is set an hour back, the link alive", traffic: busy,
		happens: func(w *world) time.Time { w.clock(-time.Hour, 0); return time.Now() },
		holds:   stays,
	},
}

// online returns when the network began to be there: a dial may come through before
// the page is told of it.
func (w *world) online() time.Time {
	w.t.Helper()
	back := time.Now()
	w.lever(levers.Online)
	return back
}

// nap is a sleep that is long enough for whoever judges by the clock.
const nap = 3 * time.Second

// What browsers do to tabs.
var tabs = []scenario{
	{
		name: "frozen, then resumed, the link dead", column: "g", traffic: busy, proven: true, figure: 50 * time.Millisecond,
		happens: func(w *world) time.Time {
			w.lever(levers.Freeze)
			w.awaitPage(0, soon, "freeze")
			w.cut()
			resumed := time.Now()
			w.lever(levers.Resume)
			return resumed
		},
		sees: []string{"reconnecting"}, holds: heals,
	}, {
		name: "hidden, then visible, the link alive", traffic: busy,
		happens: func(w *world) time.Time {
			show := w.hide()
			w.awaitEvent(w.publish(), soon)
			show()
			return time.Now()
		},
		holds: stays,
	}, {
		name: "minimized, then restored, the link alive", traffic: idle,
		happens: func(w *world) time.Time {
			w.lever(levers.Minimize)
			w.awaitPage(0, soon, "hidden")
			w.lever(levers.Restore)
			w.awaitPage(w.mark()-1, soon, "visible")
			return time.Now()
		},
		holds: stays,
	}, {
		name: "reloaded, the cursor in sessionStorage", figure: time.Second,
		client: keepsCursor,
		happens: func(w *world) time.Time {
			w.reopens(keepsCursor)
			w.cut() // so that the event is for the page that comes
			w.publish()
			left := time.Now()
			w.do(chromedp.Reload())
			return left
		},
		holds: heals,
	}, {
		name: "away and back, the page kept by the browser", figure: time.Second,
		client: keepsCursor,
		happens: func(w *world) time.Time {
			w.reopens(keepsCursor)
			w.do(chromedp.Navigate(w.home + "/page.js"))
			w.cut()
			w.publish()
			back := time.Now()
			// A page that was kept is shown again without being loaded.
			w.run(`setTimeout(() => history.back())`)
			w.awaitPage(0, soon, "restored")
			return back
		},
		holds: heals,
	},
}

// keepsCursor are options with which a page that is loaded again goes on.
var keepsCursor = map[string]any{"persist": "cursor"}

// reopens makes a page that is loaded again open its feed with these options.
func (w *world) reopens(options map[string]any) {
	w.t.Helper()
	w.run(`sessionStorage.setItem("open", JSON.stringify([%s, %s]))`, w.url, options)
}

// What servers do.
var servers = []scenario{
	{
		name: "restarted, its log kept", proven: true, figure: 50 * time.Millisecond,
		server:  func() feed.Options { return feed.Options{Store: memory.New(memory.Options{})} },
		happens: restarted,
		sees:    []string{"reconnecting"}, holds: heals,
	}, {
		name: "restarted, its log lost", proven: true, figure: 50 * time.Millisecond,
		happens: restarted,
		sees:    []string{"reconnecting"}, holds: tells("epoch"),
	}, {
		name: "away for so long that its log was trimmed", figure: time.Second,
		server: func() feed.Options { return feed.Options{Store: memory.New(memory.Options{Events: 10}), Ring: 10} },
		happens: func(w *world) time.Time {
			w.refuse()
			for range 25 {
				w.publish()
			}
			w.serve()
			asked := time.Now()
			w.run(`feed.reconnect()`)
			return asked
		},
		sees: []string{"reconnecting"}, holds: tells("trimmed"),
	},
}

func restarted(w *world) time.Time {
	w.restart()
	w.publish() // while the page is still with the old one
	return w.fault(faultproxy.Reset)
}
