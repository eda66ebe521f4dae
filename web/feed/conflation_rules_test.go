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
