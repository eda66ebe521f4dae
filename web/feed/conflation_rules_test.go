package feed

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
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

// A rule that changes its time counts at once for a topic that has had an event.
func TestRuleThatChangesItsTime(t *testing.T) {
	table := newTable(100)
	s := table.sampler(t, 0, wire.Latest{"a": 100})
	table.publish("a")
	s.expect("a1")
	s.filter.conflate(wire.Latest{"a": 500})
	s.leave(&s.filter, id(1))
	s.now += 100 * time.Millisecond
	table.publish("a")
	s.expect("a2")
	s.now += 400 * time.Millisecond
	table.publish("a")
	s.expect("")
	s.now += 100 * time.Millisecond
	s.expect("a3")
}

// What becomes of a topic that waits when its rule ends.
func TestTopicThatWaitsWhenItsRuleEnds(t *testing.T) {
	for name, test := range map[string]struct {
		keep     bool // as a topic of which every event is wanted
		position int  // from where on every event is sent
		want     string
	}{
		"unwanted":                       {false, 3, ""},
		"its other events bring it":      {true, 1, ""},
		"its other events come after it": {true, 2, "a2+1"},
	} {
		t.Run(name, func(t *testing.T) {
			table := newTable(100)
			table.publish("a", "a", "b")
			s := table.sampler(t, 0, wire.Latest{"a": 1000, "b": 1000})
			s.crowded = true
			s.step()
			s.filter.forget([]string{"a"})
			if test.keep {
				s.filter.add([]string{"a"})
			}
			s.leave(&s.filter, id(test.position))
			table.publish("a") // is sent in the other way, if at all
			s.crowded = false
			if got := s.run(); got != strings.TrimSpace(test.want+" b3") && got != strings.TrimSpace("b3 "+test.want) {
				t.Errorf("it is sent %q", got)
			}
			if s.behind() || s.complete() != id(4) || len(s.rows) != 1 {
				t.Errorf("behind %v, complete up to %v, %d rows", s.behind(), s.complete(), len(s.rows))
			}
			if len(s.filter.sent) != 0 {
				t.Errorf("passed over: %v", s.filter.sent)
			}
		})
	}
}

// A topic that was sent and waits for its time gives what it waits for at once when its
// rule ends.
func TestTopicIsSentEarlyWhenItsRuleEnds(t *testing.T) {
	table := newTable(100)
	s := table.sampler(t, 0, wire.Latest{"a": 1000, "b": 500})
	table.publish("a", "b")
	s.run()
	table.publish("a", "b")
	s.now += latestPause
	s.expect("")
	s.filter.forget([]string{"a"})
	s.filter.add([]string{"a"})
	s.leave(&s.filter, id(4))
	s.expect("a3")
	if len(s.filter.sent) != 0 {
		t.Errorf("passed over, though it comes before the position: %v", s.filter.sent)
	}
}

// A client that comes from a process with a newer table is sent nothing again.
func TestClientAheadOfTheTable(t *testing.T) {
	table := newTable(100)
	table.publish("a", "a", "a")
	s := table.sampler(t, 5, wire.Latest{"a": 10})
	for range 2 {
		s.expect("")
		table.publish("a")
	}
	s.expect("")
	table.publish("a")
	s.expect("a6")
	// Another epoch is not compared with.
	table.newest.reset(store.ID{Epoch: "f"})
	s.now += time.Second
	if s.expect(""); s.seen.Epoch != "f" {
		t.Errorf("it has seen %v", s.seen)
	}
}

// What was forgotten before the client was asked for it is not passed over: the client
// is sent away, unless it is going to be looked for in the log.
func TestTableThatHasForgotten(t *testing.T) {
	for name, test := range map[string]struct {
		lack   *lack
		forget func(*newest)
		hole   bool
	}{
		"nothing":               {nil, func(n *newest) { n.from = id(1) }, false},
		"other topics":          {nil, func(n *newest) { n.from = id(2) }, false},
		"everything":            {nil, func(n *newest) { n.reset(id(3)) }, true},
		"what is looked for":    {&lack{after: id(1)}, func(n *newest) { n.reset(id(3)) }, false},
		"before what is":        {&lack{after: id(2)}, func(n *newest) { n.reset(id(3)) }, true},
		"while it is looked at": {&lack{after: id(1), before: id(2)}, func(n *newest) { n.reset(id(3)) }, true},
	} {
		table := newTable(100)
		table.publish("a")
		s := table.sampler(t, 0, wire.Latest{"a": 10})
		s.expect("a1")
		table.publish("a")
		test.forget(table.newest)
		s.conflation.lack = test.lack
		s.conflation.look(&s.filter, int64(s.now))
		if s.hole != test.hole {
			t.Errorf("%s: a hole %v", name, s.hole)
		}
		if s.lack = nil; test.hole {
			if _, kind, _ := s.step(); kind != again || s.end != "e-1" && s.end != "" {
				t.Errorf("%s: it does %v, up to %s", name, kind, s.end)
			}
		}
	}
}

// A client that asks for its position is told it once, and not before it has everything.
func TestWhenAPositionIsAskedFor(t *testing.T) {
	table := newTable(100)
	s := table.sampler(t, 0, wire.Latest{"a": 1000})
	table.publish("other")
	if s.expect(""); s.end != "" {
		t.Errorf("told %s without being asked", s.end)
	}
	s.tell = true
	if events, kind, _ := s.step(); kind != latestEvents || len(events) != 0 || s.end != "e-1" {
		t.Errorf("%v, up to %q", kind, s.end)
	}
	s.tell = true
	if _, kind, _ := s.step(); kind != idle || s.tell {
		t.Errorf("it is told again: %v", kind)
	}
	// While the log is still being searched, and what was found waits.
	for n := range historyEvents {
		topic := fmt.Sprint("a.", n)
		w := &row{record: &record{entry: entry{topic: topic}}}
		s.rows[topic] = w
		s.wait(w, id(1), int64(s.now+time.Second))
	}
	s.lack, s.tell, s.told = &lack{}, true, id(0)
	if _, kind, pause := s.step(); kind != idle || pause != time.Second {
		t.Errorf("%v, after %v", kind, pause)
	}
	s.waiting = s.waiting[:historyEvents-1]
	if _, kind, _ := s.step(); kind != readLatest {
		t.Errorf("%v: there is room for more", kind)
	}
}

// However often topics wait, the order in which they began to is not remembered for ever.
func TestOrderIsBounded(t *testing.T) {
	table := newTable(10)
	s := table.sampler(t, 0, wire.Latest{"a": 10, "held": 10})
	table.publish("held")
	s.look(&s.filter, 0)
	held := s.waiting[0]
	most := 0
	for range 3000 {
		table.publish("a")
		s.look(&s.filter, 0)
		most = max(most, len(s.order))
		s.drop(s.rows["a"])
	}
	if most != 2*2+1024 || s.complete() != held.after {
		t.Errorf("%d turns are remembered, complete up to %v", most, s.complete())
	}
}

// No more topics are looked at for a frame than that none waits for long.
func TestTopicsOfAFrame(t *testing.T) {
	table := newTable(1000)
	s := table.sampler(t, 0, wire.Latest{"t.*": 1000})
	for n := range 100 {
		table.publish(fmt.Sprint("t.", n))
	}
	s.look(&s.filter, int64(s.now))
	rows := s.pick(int64(s.now))
	if len(rows) != picked || len(s.waiting) != 100-picked || rows[0].record.entry.topic != "t.0" || rows[1].record.entry.topic != fmt.Sprint("t.", picked-1) {
		t.Errorf("%d of them, %d wait, %v", len(rows), len(s.waiting), rows[1].record.entry.topic)
	}
	if s.putBack(rows); len(s.waiting) != 100 || s.waiting[0] != rows[0] {
		t.Errorf("%d wait", len(s.waiting))
	}
}

// The most specific name decides, for both ways at once.
func TestEveryEventOrTheNewest(t *testing.T) {
	f := newFilter([]string{"price.*", "price.fx.*", "price.fx.eur", "cpu", "price.gold"}, &access{})
	f.conflate(wire.Latest{"price.*": 250, "price.fx.eur": 100})
	for topic, want := range map[string]struct {
		every  time.Duration
		wanted bool
	}{
		"price.x": {250 * time.Millisecond, true}, "price.fx.usd": {0, true}, "price.fx.eur": {100 * time.Millisecond, true},
		"price.gold": {0, true}, "price.gold.x": {250 * time.Millisecond, true}, "cpu": {0, true}, "cpu.x": {}, "price": {}, "other": {},
	} {
		if every, wanted := f.rule(topic); every != want.every || wanted != want.wanted {
			t.Errorf("%s: %v, %v", topic, every, wanted)
		}
		if f.wants(topic) != (want.wanted && want.every == 0) || f.passes(&entry{id: id(1), topic: topic}) == f.wants(topic) {
			t.Errorf("%s: wants %v", topic, f.wants(topic))
		}
	}
	f.had("cpu", id(7))
	for n, passed := range map[int]bool{6: true, 7: true, 8: false} {
		if f.passes(&entry{id: id(n), topic: "cpu"}) != passed {
			t.Errorf("event %d of a topic of which the client has had event 7", n)
		}
	}
	if n := f.with([]string{"cpu", "price.*", "more", "more"}); n != 6 {
		t.Errorf("%d names with one more", n)
	}
	f.forget([]string{"price.*", "cpu"})
	if _, wanted := f.rule("price.x"); wanted || f.wants("cpu") {
		t.Error("what was removed is still wanted")
	}
	var all filter
	if every, wanted := all.rule("x"); every != 0 || !wanted || all.passes(&entry{topic: "x"}) {
		t.Error("a filter without names passes events over")
	}
}
