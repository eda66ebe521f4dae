package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/web/feed"
)

// scenario is one thing that happens to a page, and what must hold then.
type scenario struct {
	name   string
	column string // in the table of figures; "" when there is no figure for it

	// The page is live on a feed with this traffic when it happens, if begin does not
	// bring it elsewhere.
	traffic traffic
	client  map[string]any      // options of the client
	server  func() feed.Options // nil: the defaults
	begin   func(testing.TB, *chromium) *world
	// proven waits for the uptime after which a loss is redialed at once; before it,
	// a server may be one that accepts only to close.
	proven bool

	// happens does it, and returns the moment from which the next dial counts.
	happens func(*world) time.Time
	// figure is the time to the next dial that we aim for; benchmarks measure it. Tests
	// allow three times as much and the noise of a busy machine, which is still less
	// than a dial takes that only the heartbeat brings. With 0, nothing may be dialed.
	figure time.Duration
	sees   []string // states that the page must be told of before it is live again, in this order
	holds  func(*world)
}

// group is a part of the matrix.
type group struct {
	name      string
	scenarios []scenario
	parallel  bool // its scenarios run side by side
	browser   func(testing.TB) *chromium
}

func TestScenarios(t *testing.T) {
	for _, g := range matrix {
		t.Run(g.name, func(t *testing.T) {
			for _, sc := range g.scenarios {
				t.Run(sc.name, func(t *testing.T) {
					if g.parallel {
						t.Parallel()
					}
					sc.run(t, g)
				})
			}
		})
	}
}

// BenchmarkFigures measures the figures: each iteration is one round of each
// scenario that has a column. TestMain prints the medians as a table.
func BenchmarkFigures(b *testing.B) {
	for _, g := range matrix {
		for _, sc := range g.scenarios {
			if sc.column == "" {
				continue
			}
			b.Run(sc.column, func(b *testing.B) {
				var dials []float64
				for b.Loop() {
					r := &round{TB: b}
					dials = append(dials, sc.run(r, g).Dial)
					r.end()
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(median(dials), "s-to-dial")
				b.ReportMetric(sc.figure.Seconds(), "s-aim")
			})
		}
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

func (sc *scenario) run(t testing.TB, g group) result {
	w := sc.world(t, g.browser(t))
	if sc.proven {
		<-time.After(minUptime)
	}
	dials, mark := len(w.proxy.Conns()), w.mark()
	from := sc.happens(w)
	if sc.figure == 0 {
		sc.holds(w)
		w.counted(g.name, sc.name)
		return result{}
	}
	next := w.next(dials, from, 3*sc.figure+noise)
	sc.holds(w)
	w.saw(mark, sc.sees)
	r := result{Group: g.name, Scenario: sc.name, Column: sc.column, Figure: sc.figure.Seconds()}
	w.tally(&r, mark, from, next)
	report(r)
	return r
}

func (sc *scenario) world(t testing.TB, b *chromium) *world {
	t.Helper()
	if sc.begin != nil {
		return sc.begin(t, b)
	}
	s := newSite(t)
	if sc.server != nil {
		s.use(sc.server())
	}
	w := enter(t, b, s, sc.traffic, sc.client)
	w.engine()
	return w
}

// noise is what a busy machine adds to a time that is next to nothing.
const noise = 1500 * time.Millisecond

// minUptime is a little more than the client's default.
const minUptime = 5200 * time.Millisecond

// next waits for the first dial that can heal: one that is answered.
func (w *world) next(dials int, from time.Time, limit time.Duration) *faultproxy.Conn {
	w.t.Helper()
	for ; ; dials++ {
		c := w.dialed(dials, time.Until(from.Add(limit)))
		took := c.Accepted.Sub(from)
		if took > limit {
			w.t.Errorf("dialed after %v; at most %v are allowed", took, limit)
		}
		if took > 0 {
			return c
		}
	}
}

// heals: what was published arrived once and in order, the page and its badge say
// live, and one socket is alive.
func heals(w *world) { w.t.Helper(); w.healed(10 * time.Second) }

// stays: the first connection is still the one that delivers, and nothing else
// was ever dialed.
func stays(w *world) {
	w.t.Helper()
	prevails(w)
	if n := len(w.proxy.Conns()); n > 1 {
		w.t.Errorf("%d needless dials while the link was alive", n-1)
	}
}

// prevails: the first connection is still the one that delivers, whatever else
// was dialed.
func prevails(w *world) {
	w.t.Helper()
	// Long enough for a ping to go unanswered, a challenger to be dialed and to win.
	<-time.After(4 * time.Second)
	w.healed(10 * time.Second)
	if !w.proxy.Conns()[0].Alive() {
		w.t.Error("a live connection was torn down")
	}
}

// tells: what is gone was reported as one gap, for this reason, and all that came
// after it came once and in order.
func tells(reason string) func(*world) {
	return func(w *world) {
		w.t.Helper()
		w.awaitEvent(w.publish(), 10*time.Second)
		w.settled("live", soon)
		w.badge("live", soon)
		if err := w.single(); err != nil {
			w.t.Error(err)
		}
		gaps, next, earliest := 0, 0, ""
		for _, r := range w.seen() {
			switch r.Kind {
			case "gap":
				if gaps++; gaps > 1 || r.Reason != reason || r.After == "" {
					w.t.Errorf("told %v; want one gap, for the reason %s", r, reason)
				}
				next, earliest = 0, r.Earliest
			case "event":
				if next != 0 && r.N != next || earliest != "" && r.ID != earliest {
					w.t.Errorf("event #%d, %s came where #%d or %s was due", r.N, r.ID, next, earliest)
				}
				next, earliest = r.N+1, ""
			}
		}
		if gaps == 0 {
			w.t.Error("no gap was reported")
		}
	}
}

// saw asserts that the page was told of these states, in this order.
func (w *world) saw(mark int, want []string) {
	w.t.Helper()
	var seen []string
	for _, r := range w.seen()[mark:] {
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
