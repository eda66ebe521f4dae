package feed

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
)

// holed is a feed over a log that has dropped events in its middle: of a few rare
// topics it has all, of busy ones the last.
func holed(t *testing.T, random *rand.Rand, events, keep, slots int) (*Feed, *thinned) {
	t.Helper()
	log := newThinned(keep)
	for range events {
		topic := []string{"busy", "busy", "loud", "loud", "rare.a", "rare.b"}[random.IntN(6)]
		if random.IntN(3) > 0 {
			topic = "busy"
		}
		log.put(topic)
	}
	memory := newBudget(64 << 20)
	f := &Feed{ring: newRing(slots, 1<<20), options: Options{Store: log}, pager: newPager(log, patience, memory)}
	f.pager.topics, f.memory = log, memory
	f.ring.reset(id(0))
	f.ring.append(encodeAll(log.events))
	return f, log
}

// A search in a log with holes finds the newest events that match up to a first one,
// and claims to be complete only when it has seen all.
func TestSearchBeyondHolesAgainstAList(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 11))
	for range 40 {
		f, log := holed(t, random, 60+random.IntN(60), 1+random.IntN(30), 1+random.IntN(20))
		for range 60 {
			names := [][]string{{"rare.a"}, {"rare.*"}, {"rare.b", "none"}, {"busy"}, {"none"}}[random.IntN(5)]
			end := 1 + random.IntN(len(log.events))
			q := &search{filter: newFilter(names, &access{}), before: id(end), events: 1 + random.IntN(10), bytes: 1 << 20}
			if random.IntN(2) == 0 {
				q.after = id(random.IntN(end))
			}
			if err := f.history(q, always); err != nil {
				t.Fatal(err)
			}
			var got, want []int
			for _, e := range q.found {
				got = append(got, int(e.id.Major))
			}
			base, after, from := int(f.ring.base.Major), int(q.after.Major), 0
			for n := end - 1; n > after; n-- {
				if !q.filter.has(log.events[n-1].Topic) || !log.kept[n-1] && n <= base {
					continue
				}
				if len(want) == q.events {
					from = n
					break
				}
				want = append(want, n)
			}
			full := from > 0
			if gap := !q.after.IsZero() && log.lost(q.filter, after); gap && after < base && from <= base {
				// Only what the ring has, since the log cannot be read on from there.
				want = slices.DeleteFunc(want, func(n int) bool { return n <= base })
				if q.complete || !slices.Equal(got, want) || q.from.Major < uint64(min(end, base)) {
					t.Fatalf("%v after %d before %d: %v, complete %v from %v; want %v", names, after, end, got, q.complete, q.from, want)
				}
				continue
			}
			if q.complete == full || !slices.Equal(got, want) || full && q.from != id(from) || !full && q.from != id(after) {
				t.Fatalf("%v after %d before %d: %v, complete %v from %v; want %v from %d", names, after, end, got, q.complete, q.from, want, from)
			}
		}
	}
}

// lost reports whether the log has dropped an event that the filter wants after a place.
func (l *thinned) lost(f filter, after int) bool {
	for i := after; i < len(l.events); i++ {
		if !l.kept[i] && f.has(l.events[i].Topic) {
			return true
		}
	}
	return false
}

// long is a log of so many events of topic "t", which has lost its first, of another.
func long(events int) *thinned {
	log := newThinned(1)
	log.events = append(log.events, store.Event{ID: id(1), Topic: "x"})
	log.kept = append(log.kept, false)
	for n := 2; n <= events; n++ {
		log.events = append(log.events, store.Event{ID: id(n), Topic: "t", Data: []byte("1")})
		log.kept = append(log.kept, true)
	}
	return log
}

// A search of topics reads so many pages and no more, and stops when it is told to.
func TestSearchOfTopicsIsBounded(t *testing.T) {
	for _, test := range []struct {
		events, pauses int
		complete       bool
		reads          int
	}{
		{historyPages*pageEvents + 1, 100, true, historyPages},
		{historyPages*pageEvents + 2, 100, false, historyPages},
		{historyPages * pageEvents, 3, false, 2},
	} {
		log := long(test.events)
		f := &Feed{ring: newRing(10, 1<<20), options: Options{Store: log}, pager: newPager(log, patience, newBudget(1<<30))}
		f.pager.topics = log
		f.ring.reset(log.events[len(log.events)-1].ID)
		q := &search{filter: newFilter([]string{"t"}, &access{}), before: id(test.events + 1), events: 1 << 20, bytes: 1 << 30}
		pauses := 0
		if err := f.history(q, func() bool { pauses++; return pauses < test.pauses }); err != nil {
			t.Fatal(err)
		}
		if q.complete != test.complete || log.reads != test.reads || (len(q.found) == test.events-1) != test.complete || (len(q.found) == 0) == test.complete {
			t.Errorf("%d events: %d found, complete %v, %d reads", test.events, len(q.found), q.complete, log.reads)
		}
		if test.complete && q.from != id(0) {
			t.Errorf("complete from %v", q.from)
		}
	}
}

// A search that begins at a position which only the ring still knows is complete; one
// that nobody knows is not.
func TestSearchFromAPositionOfTheRing(t *testing.T) {
	log := newThinned(5)
	for range 20 {
		log.put("busy")
	}
	log.put("rare")
	for range 20 {
		log.put("busy")
	}
	f := &Feed{ring: newRing(4, 1<<20), options: Options{Store: log}, pager: newPager(log, patience, newBudget(1<<20))}
	f.pager.topics = log
	f.ring.reset(id(10))
	f.ring.append(encodeAll(log.events[10:]))
	for after, complete := range map[int]bool{15: true, 5: false} {
		q := &search{filter: newFilter([]string{"rare"}, &access{}), before: id(42), after: id(after), events: 5, bytes: 1 << 20}
		if err := f.history(q, always); err != nil || q.complete != complete || (len(q.found) == 1) != complete || complete && q.from != id(after) {
			t.Errorf("after %d: %v, %d found, complete %v from %v", after, err, len(q.found), q.complete, q.from)
		}
	}
	if s := (&search{filter: newFilter([]string{"rare"}, &access{}), before: store.ID{Epoch: "f", Major: 42}, events: 5, bytes: 1 << 20}); f.history(s, always) == nil {
		t.Error("a position of another epoch is searched from")
	}
}

// Different topics have different pages.
func TestDigest(t *testing.T) {
	seen := map[string][]string{}
	for _, names := range [][]string{{"a", "b"}, {"ab"}, {"a"}, {"a", "b", "c"}, {"a", "bc"}, {"a\x01", "b"}, {"a", "\x01b"}} {
		d := digest(names)
		if other, ok := seen[d]; ok {
			t.Errorf("%q and %q have one page", names, other)
		}
		seen[d] = names
	}
	if _, same := seen[digest(strings.Split("a b", " "))]; !same {
		t.Error("the same topics have two pages")
	}
}
