package latest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

const ms = time.Millisecond

// page is a program on the test's clock that wants the newest prices, and every event
// of the others.
type page struct {
	*Conflation[string]
	now  time.Duration
	last string // position
	log  []string
}

func newPage(rules Rules) *page {
	p := &page{}
	p.Conflation = NewConflation(func(event string, skipped int) {
		text := fmt.Sprintf("%d: %s", p.now/ms, event)
		if skipped > 0 {
			text += fmt.Sprintf(" skipped %d", skipped)
		}
		p.log = append(p.log, text)
	})
	p.Set(rules, nil, 0)
	p.Live(true, 0)
	return p
}

func prices() Rules { return Rules{"price.*": 100 * ms, "price.all": 0, "price.slow.*": time.Second} }

func (p *page) send(topic string, ids ...int) {
	for _, id := range ids {
		event := fmt.Sprint(topic, " ", id)
		p.Event(topic, event, p.last, p.now)
		p.last = fmt.Sprint(id)
	}
}

func (p *page) pass(d time.Duration) {
	end := p.now + d
	for {
		at, ok := p.Deadline()
		if !ok || at > end {
			break
		}
		p.now = max(p.now, at)
		p.Tick(p.now)
	}
	p.now = end
	p.Tick(end)
}

func (p *page) want(t *testing.T, lines ...string) {
	t.Helper()
	if !slices.Equal(p.log, lines) {
		t.Errorf("got %q, want %q", p.log, lines)
	}
	p.log = nil
}

func TestTheNewestComesAtItsTime(t *testing.T) {
	p := newPage(prices())
	p.send("price.a", 1)
	p.want(t, "0: price.a 1")
	p.pass(10 * ms)
	p.send("price.a", 2, 3, 4)
	p.send("price.b", 5)
	p.want(t, "10: price.b 5")
	p.pass(89 * ms)
	p.want(t)
	if at, ok := p.Deadline(); !ok || at != 100*ms {
		t.Errorf("the next is due at %v, %v", at, ok)
	}
	p.pass(ms)
	p.want(t, "100: price.a 4 skipped 2")
	p.pass(50 * ms)
	p.send("price.a", 6)
	p.pass(49 * ms)
	p.want(t)
	p.pass(ms)
	p.want(t, "200: price.a 6")
	p.pass(100 * ms)
	p.send("price.a", 7)
	p.want(t, "300: price.a 7")
	if at, ok := p.Deadline(); ok {
		t.Errorf("nothing waits, and something is due at %v", at)
	}
}

func TestOtherTopicsComeAtOnce(t *testing.T) {
	p := newPage(prices())
	for _, topic := range []string{"cpu", "price.all", "", "price"} {
		p.send(topic, 1, 2)
	}
	if len(p.log) != 8 {
		t.Errorf("%q", p.log)
	}
	none := newPage(nil)
	none.send("price.a", 1, 2, 3)
	none.want(t, "0: price.a 1", "0: price.a 2", "0: price.a 3")
}

func TestTheMostSpecificNameDecides(t *testing.T) {
	p := newPage(prices())
	for id := range 3 {
		p.send("price.x", id)
		p.send("price.slow.x", id)
	}
	p.pass(100 * ms)
	p.want(t, "0: price.x 0", "0: price.slow.x 0", "100: price.x 2 skipped 1")
	p.pass(900 * ms)
	p.want(t, "1000: price.slow.x 2 skipped 1")
	for topic, want := range map[string]time.Duration{"price.a": 100 * ms, "price.all": 0, "price.slow.a.b": time.Second, "price": 0, "": 0} {
		if every := prices().Every(topic); every != want {
			t.Errorf("%q comes every %v, want %v", topic, every, want)
		}
	}
}

func TestOfAReplayOnlyTheNewestCome(t *testing.T) {
	p := newPage(prices())
	p.send("price.a", 0)
	p.pass(time.Second)
	p.Live(false, p.now)
	for id := 1; id <= 500; id++ {
		p.send([]string{"price.b", "price.a"}[id%2], id)
	}
	p.want(t, "0: price.a 0")
	p.Live(true, p.now)
	p.want(t, "1000: price.a 499 skipped 249", "1000: price.b 500 skipped 249")
	p.send("price.a", 501)
	p.Live(true, p.now) // it was live before
	p.want(t)
	p.pass(100 * ms)
	p.want(t, "1100: price.a 501")
	p.Live(false, p.now)
	p.send("price.a", 502, 503)
	p.pass(99 * ms)
	p.want(t)
	p.pass(ms) // a replay that takes long is shown as it comes
	p.want(t, "1200: price.a 503 skipped 1")
}

func TestRulesThatChangeLoseNothing(t *testing.T) {
	p := newPage(prices())
	change := func(rules Rules, names ...string) { p.Set(rules, names, p.now) }
	p.send("price.a", 1, 2, 3)
	p.want(t, "0: price.a 1")
	own := prices()
	own["price.a"] = 0
	change(own, "price.a")
	p.want(t, "0: price.a 3 skipped 1")
	p.send("price.a", 4, 5)
	p.want(t, "0: price.a 4", "0: price.a 5")
	change(prices(), "price.a", "cpu")
	p.send("price.a", 6, 7, 8)
	p.want(t, "0: price.a 6")
	own["price.a"] = 40 * ms
	change(own, "price.a")
	p.want(t)
	p.pass(100 * ms)
	p.want(t, "100: price.a 8 skipped 1")
	p.send("price.a", 9)
	p.pass(40 * ms)
	p.want(t, "140: price.a 9")
	p.send("price.b", 10, 11)
	p.send("price.a", 12)
	p.send("price.c", 13, 14)
	p.want(t, "140: price.b 10", "140: price.c 13")
	change(Rules{}, "price.*")
	p.want(t, "140: price.b 11", "140: price.a 12", "140: price.c 14")
	p.send("price.a", 15, 16)
	p.want(t, "140: price.a 15", "140: price.a 16")
}

func TestWhatTheServerHasChosenComesInPlaceOfWhatWaits(t *testing.T) {
	p := newPage(prices())
	p.Newest("price.a", "price.a 0", 4)
	p.send("price.a", 1, 2, 3)
	p.Newest("price.a", "price.a 6", 1)
	p.Newest("price.a", "price.a 7", 0)
	p.pass(time.Second)
	p.want(t, "0: price.a 0 skipped 4", "0: price.a 1", "0: price.a 6 skipped 3", "0: price.a 7")
}

// The position is that before the first event that waits, also when its topic has
// shown one and waits again.
func TestUpToWhereNothingWaits(t *testing.T) {
	p := newPage(Rules{"a": 100 * ms, "b": time.Second})
	want := func(position string, waits bool) {
		t.Helper()
		if at, ok := p.Since(); at != position || ok != waits {
			t.Errorf("at %v: since %q, %v; want %q, %v", p.now, at, ok, position, waits)
		}
	}
	want("", false)
	p.send("a", 1)
	p.send("b", 2)
	want("", false)
	p.send("a", 3, 4)
	want("2", true)
	p.send("b", 5)
	p.pass(100 * ms)
	want("4", true)
	p.send("a", 6)
	want("4", true)
	p.pass(900 * ms)
	want("", false)
	p.Set(Rules{"a": ms, "b": time.Hour}, nil, p.now)
	p.pass(time.Second)
	p.send("b", 7, 8)
	for id := range 3 * crowd {
		p.send("a", id)
		p.pass(ms)
	}
	if len(p.order) > 2*crowd {
		t.Errorf("%d turns are kept", len(p.order))
	}
	want("7", true)
	p.Flush(p.now)
	want("", false)
}

// Idle topics are forgotten when there are many, and those that wait are not.
func TestIdleTopicsAreForgotten(t *testing.T) {
	p := newPage(Rules{"a.*": ms})
	p.send("a.waits", 1, 2)
	for n := range crowd - 1 {
		p.send(fmt.Sprint("a.", n), n)
	}
	if len(p.topics) != crowd {
		t.Errorf("%d topics are known", len(p.topics))
	}
	p.log, p.now = nil, ms-1
	p.send("a.more", 1)
	if len(p.topics) != crowd+1 {
		t.Errorf("%d topics are known", len(p.topics))
	}
	p.now = 2 * ms
	for n := range crowd + 1 {
		p.send(fmt.Sprint("a.x", n), n)
	}
	if len(p.topics) > crowd+3 {
		t.Errorf("%d topics are known", len(p.topics))
	}
	p.Tick(p.now)
	if got := strings.Join(p.log, ","); !strings.HasSuffix(got, "2: a.waits 2") {
		t.Errorf("%s", got[max(0, len(got)-50):])
	}
}

// Whatever comes: never an older one after a newer, at most one in a while, the newest
// in the end, and what was shown and what was passed over is all that came.
func TestRandomEventsSleepsAndChanges(t *testing.T) {
	type topic struct {
		sent, shown, passed, newest, last int
		at                                time.Duration
		flushed                           bool // it may come before its time, once
	}
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 15))
		const every = 100 * ms
		topics := make([]topic, 20)
		for n := range topics {
			topics[n].at = -every
		}
		type event struct{ topic, id int }
		now := time.Duration(0)
		waits := map[int]int{} // the first event that waits, by topic
		c := NewConflation(func(e event, skipped int) {
			p := &topics[e.topic]
			switch {
			case e.id <= p.newest:
				t.Fatalf("seed %d: %d of topic %d comes after %d", seed, e.id, e.topic, p.newest)
			case !p.flushed && now-p.at < every:
				t.Fatalf("seed %d: topic %d comes after %v", seed, e.topic, now-p.at)
			}
			p.shown, p.passed, p.newest, p.at, p.flushed = p.shown+1, p.passed+skipped, e.id, now, false
			delete(waits, e.topic)
		})
		c.Set(Rules{"p.*": every}, nil, 0)
		flush := func(do func()) {
			for n := range topics {
				topics[n].flushed = true
			}
			do()
			for n := range topics {
				topics[n].flushed = false
			}
		}
		live := false
		for id := 1; id <= 5000; id++ {
			switch what := random.IntN(100); {
			case what < 80:
				n := random.IntN(len(topics))
				topics[n].sent++
				topics[n].last = id
				if c.Event(fmt.Sprint("p.", n), event{n, id}, fmt.Sprint(id-1), now) {
					if _, ok := waits[n]; !ok {
						waits[n] = id
					}
				}
			case what < 97:
				for end := now + time.Duration(random.IntN(40))*ms; now < end; now += ms {
					c.Tick(now)
				}
			case what < 99:
				live = !live
				flush(func() { c.Live(live, now) })
			default:
				flush(func() { c.Flush(now) })
			}
			first := 0
			for _, id := range waits {
				if first == 0 || id < first {
					first = id
				}
			}
			if at, ok := c.Since(); ok != (first > 0) || ok && at != fmt.Sprint(first-1) {
				t.Fatalf("seed %d: nothing waits up to %q, %v; the first that waits is %d", seed, at, ok, first)
			}
		}
		flush(func() { c.Flush(now) })
		for n, p := range topics {
			if p.shown+p.passed != p.sent || p.newest != p.last || p.shown < 5 || p.passed < 5 {
				t.Errorf("seed %d, topic %d: %+v", seed, n, p)
			}
		}
	}
}
