package feed

import (
	"testing"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

func TestTopicThatWasForgottenIsCountedAnew(t *testing.T) {
	table := newTable(100)
	table.maxTopics = 2
	s := table.sampler(t, 0, wire.Latest{"a": 10})
	table.publish("a")
	s.expect("a1")
	table.publish("b", "c", "a", "a")
	s.now += latestPause
	s.expect("a5+1")
}

func TestRowsFollowTheRules(t *testing.T) {
	table := newTable(100)
	s := table.sampler(t, 0, wire.Latest{"a": 10})
	table.publish("a", "b")
	s.expect("a1")
	s.filter.conflate(wire.Latest{"b": 10})
	s.follow(&s.filter, id(1), int64(s.now))
	s.now += latestPause
	s.expect("b2")
	s.filter.forget([]string{"a"})
	s.filter.add([]string{"a"})
	s.leave(&s.filter, id(0))
	if !s.filter.passes(&entry{id: id(1), topic: "a"}) || s.filter.passes(&entry{id: id(3), topic: "a"}) {
		t.Error("what the client has had comes again, or what comes later does not")
	}
}

// A client that is told a position resumes from there: while something before it may
// be missing it is told none, and the same one is told once.
func TestWhenAFrameTellsItsPosition(t *testing.T) {
	table := newTable(100)
	s := table.sampler(t, 0, wire.Latest{"a": 10})
	table.publish("a")
	s.expect("a1")
	if frame := string(s.conflation.end(nil)); frame != "]}" {
		t.Errorf("a position that was told comes again: %s", frame)
	}
	s.told = id(0)
	if frame := string(s.conflation.end(nil)); frame != `],"at":"e-1"}` {
		t.Errorf("the position is missing: %s", frame)
	}
	s.told, s.lack = id(0), &lack{}
	if frame := string(s.conflation.end(nil)); frame != "]}" {
		t.Errorf("a position is told though older events may be missing: %s", frame)
	}
}

// What the ring no longer has cannot be counted: the client is told of none.
func TestEventsAfterAPosition(t *testing.T) {
	table := newTable(4)
	table.publish("a", "b", "a", "b", "a", "a")
	r := table.newest.topics["a"]
	for position, want := range map[int]uint64{0: 4, 1: 0, 2: 3, 3: 2, 4: 2, 5: 1, 6: 0} {
		if got := table.countAfter(r, id(position)); got != want {
			t.Errorf("after %d: %d events, want %d", position, got, want)
		}
	}
	if got := table.countAfter(&record{entry: entry{id: id(9), topic: "unknown"}, begin: id(9)}, id(3)); got != 0 {
		t.Errorf("of a topic that is not in the ring: %d events", got)
	}
}
