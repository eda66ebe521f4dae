package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/e2e/levers"
)

// scenario is one thing that happens to a page that is live.
type scenario struct {
	name   string
	column string // in the table of figures; "" when there is no figure for it
	pace   pace
	// settled waits for the uptime after which a loss is redialed at once; before
	// it, a server may be one that accepts only to close.
	settled bool
	// figure is the time to the next dial that we aim for. Tests allow three times
	// as much and some noise: the machine may be busy. With 0, nothing may be dialed.
	figure time.Duration
	// happens does it, and returns the moment from which the next dial counts.
	happens func(*world) time.Time
	sees    []string // states that the page must be told of before it is live again, in this order
	// spare allows dials that lose to the connection that there is, which must
	// live on.
	spare bool
}

var scenarios = []scenario{
	{
		name: "silent cut of a busy feed, visible", column: "a busy", pace: busy, figure: 2500 * time.Millisecond,
		happens: func(w *world) time.Time { w.cut(); return time.Now() },
		sees:    []string{"checking"},
	}, {
		name: "silent cut of an idle feed, visible", column: "a idle", pace: idle, figure: 7500 * time.Millisecond,
		happens: func(w *world) time.Time { w.cut(); w.publish(); return time.Now() },
		sees:    []string{"checking"},
	}, {
		name: "silent cut, hidden", column: "a hidden", pace: busy, figure: 36 * time.Second,
		happens: func(w *world) time.Time { w.hide(); w.cut(); return time.Now() },
		sees:    []string{"checking"},
	}, {
		name: "only what the server says is lost", pace: busy, figure: 2500 * time.Millisecond,
		happens: func(w *world) time.Time { w.proxy.Existing(faultproxy.SwallowDown); return time.Now() },
		sees:    []string{"checking"},
	}, {
		name: "sleep, then visibilitychange", column: "b", pace: busy, figure: 200 * time.Millisecond,
		happens: func(w *world) time.Time {
			show := w.hide()
			mark := w.mark()
			w.sleep(10*time.Second, w.cut)
			show()
			return w.awaitPage(mark, soon, "visible").happened()
		},
		sees: []string{"checking"},
	}, {
		name: "sleep without any event", column: "c", pace: busy, figure: 300 * time.Millisecond,
		happens: func(w *world) time.Time { return w.sleep(10*time.Second, w.cut) },
		sees:    []string{"checking"},
	}, {
		name: "true sleep: the wall clock jumps, the monotonic clock held, no event", column: "c2", pace: busy, figure: 800 * time.Millisecond,
		happens: func(w *world) time.Time {
			w.cut()
			woken := time.Now()
			w.clock(10*time.Hour, 0)
			return woken
		},
		sees: []string{"checking"},
	}, {
		name: "sleep, then offline and online", column: "d", pace: busy, figure: 50 * time.Millisecond,
		happens: func(w *world) time.Time {
			w.lever(levers.Offline)
			w.awaitPage(0, soon, "offline")
			w.sleep(10*time.Second, w.cut)
			w.lever(levers.Online)
			return w.awaitPage(0, soon, "online").happened()
		},
		sees: []string{"offline"},
	}, {
		name: "sleep, offline, awake for 300 ms before online", pace: busy, figure: 50 * time.Millisecond,
		happens: func(w *world) time.Time {
			w.lever(levers.Offline)
			w.awaitPage(0, soon, "offline")
			w.sleep(3*time.Second, w.cut)
			<-time.After(300 * time.Millisecond)
			w.lever(levers.Online)
			return w.awaitPage(0, soon, "online").happened()
		},
		sees: []string{"offline"},
	}, {
		name: "offline, then online, the link alive all the while", pace: busy, spare: true,
		happens: func(w *world) time.Time {
			w.lever(levers.Offline)
			w.awaitPage(0, soon, "offline")
			w.settled("offline", soon)
			back := time.Now()
			w.lever(levers.Online)
			return back
		},
	}, {
		name: "the first redial hangs", column: "e", pace: busy, settled: true, figure: 2500 * time.Millisecond,
		happens: func(w *world) time.Time {
			w.proxy.New(faultproxy.Hang)
			w.proxy.Existing(faultproxy.Reset)
			hung := w.dialed(1, soon)
			w.proxy.New(faultproxy.None)
			return hung.Accepted
		},
		sees: []string{"reconnecting"},
	}, {
		name: "clean reset", column: "f", pace: busy, settled: true, figure: 50 * time.Millisecond,
		happens: func(w *world) time.Time {
			reset := time.Now()
			w.proxy.Existing(faultproxy.Reset)
			return reset
		},
		sees: []string{"reconnecting"},
	}, {
		name: "freeze, then resume, the link dead", column: "g", pace: busy, settled: true, figure: 50 * time.Millisecond,
		happens: func(w *world) time.Time {
			w.lever(levers.Freeze)
			w.awaitPage(0, soon, "freeze")
			w.cut()
			resumed := time.Now()
			w.lever(levers.Resume)
			return resumed
		},
		sees: []string{"reconnecting"},
	}, {
		name: "hidden, cut, then visible", pace: busy, figure: 300 * time.Millisecond,
		happens: func(w *world) time.Time {
			show := w.hide()
			mark := w.mark()
			w.cut()
			show()
			return w.awaitPage(mark, soon, "visible").happened()
		},
		sees: []string{"checking"},
	}, {
		name: "a stop of 2 s, the link alive", pace: busy, spare: true,
		happens: func(w *world) time.Time { return w.sleep(2*time.Second, func() {}) },
	}, {
		name: "sleep of 10 s, the link alive", pace: busy, spare: true,
		happens: func(w *world) time.Time { return w.sleep(10*time.Second, func() {}) },
	}, {
		name: "the clock is set an hour ahead, the link alive", pace: busy, spare: true,
		happens: func(w *world) time.Time { w.clock(time.Hour, 0); return time.Now() },
	}, {
		name: "the clock is set an hour back, the link alive", pace: busy,
		happens: func(w *world) time.Time { w.clock(-time.Hour, 0); return time.Now() },
	}, {
		name: "hidden, then visible, the link alive", pace: busy,
		happens: func(w *world) time.Time {
			show := w.hide()
			w.awaitEvent(w.publish(), soon)
			show()
			return time.Now()
		},
	}, {
		name: "minimized, then restored, the link alive", pace: idle,
		happens: func(w *world) time.Time {
			w.lever(levers.Minimize)
			w.awaitPage(0, soon, "hidden")
			w.lever(levers.Restore)
			w.awaitPage(w.mark()-1, soon, "visible")
			return time.Now()
		},
	},
}

func TestScenarios(t *testing.T) {
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) { sc.run(t) })
	}
}

// BenchmarkFigures measures the figures: each iteration is one round of each
// scenario that has a column. TestMain prints the medians as a table.
func BenchmarkFigures(b *testing.B) {
	for _, sc := range scenarios {
		if sc.column == "" {
			continue
		}
		b.Run(sc.column, func(b *testing.B) {
			var dials []float64
			for b.Loop() {
				r := &round{TB: b}
				dials = append(dials, sc.run(r).Dial)
				r.end()
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(dials), "s-to-dial")
			b.ReportMetric(sc.figure.Seconds(), "s-aim")
		})
	}
}

// round is a test within an iteration of a benchmark, with its own clean-up.
type round struct {
	testing.TB
	cleanups []func()
}

func (r *round) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *round) end() {
	for _, f := range slices.Backward(r.cleanups) {
		f()
	}
}

func (sc *scenario) run(t testing.TB) result {
	w := newWorld(t, sc.pace, nil)
	if sc.settled {
		<-time.After(minUptime)
	}
	dials, mark := len(w.proxy.Conns()), w.mark()
	from := sc.happens(w)
	r := result{Scenario: sc.name, Column: sc.column, Figure: sc.figure.Seconds()}
	if sc.figure > 0 {
		next := w.next(dials, from, 3*sc.figure+noise)
		w.healed(10 * time.Second)
		w.saw(mark, sc.sees)
		w.tally(&r, mark, from, next)
	} else {
		w.undisturbed(sc.spare)
		count(&r, w.told())
		r.Sockets = len(w.proxy.Conns())
	}
	report(r)
	return r
}

// noise is what a busy machine adds to a time that is next to nothing.
const noise = 300 * time.Millisecond

// minUptime is a little more than the client's default.
const minUptime = 5200 * time.Millisecond

// next waits for the first dial that can heal: one that is answered.
func (w *world) next(dials int, from time.Time, limit time.Duration) *faultproxy.Conn {
	w.t.Helper()
	for ; ; dials++ {
		c := w.dialed(dials, time.Until(from.Add(limit)))
		if c.Accepted.After(from) {
			return c
		}
	}
}

// undisturbed asserts that the first connection is still the one that delivers.
func (w *world) undisturbed(spare bool) {
	w.t.Helper()
	// Long enough for a ping to go unanswered, a challenger to be dialed and to win.
	<-time.After(4 * time.Second)
	w.healed(10 * time.Second)
	if n := len(w.proxy.Conns()); n > 1 && !spare {
		w.t.Errorf("%d needless dials while the link was alive", n-1)
	}
	if !w.proxy.Conns()[0].Alive() {
		w.t.Error("a live connection was torn down")
	}
}

// saw asserts that the page was told of these states, in this order.
func (w *world) saw(mark int, want []string) {
	w.t.Helper()
	var seen []string
	for _, r := range w.told()[mark:] {
		if r.Kind == "state" {
			seen = append(seen, r.Name)
		}
	}
	rest := seen
	for _, name := range append(slices.Clone(want), "live") {
		i := slices.Index(rest, name)
		if i < 0 {
			w.t.Errorf("the page was told of %v; want %v and live", seen, want)
			return
		}
		rest = rest[i+1:]
	}
}
