package feed

import (
	"strings"
	"testing"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// putOf puts an event of a topic, with a frame of so many bytes.
func (n *newest) putOf(number int, topic string, bytes int) *entry {
	e := &entry{id: id(number), topic: topic, frame: make([]byte, bytes)}
	n.put(e)
	return e
}

// known are the topics of a table, the newest first.
func (n *newest) known() string {
	var topics []string
	n.since(store.ID{}, func(r *record) { topics = append(topics, r.entry.topic) })
	return strings.Join(topics, " ")
}

// The table forgets the topics that have been quiet for longest, by their number and
// by their bytes, and knows from where on it is complete.
func TestTableIsBounded(t *testing.T) {
	size := (&entry{topic: "a", frame: make([]byte, 100)}).size()
	for name, n := range map[string]*newest{
		"topics": {maxTopics: 3, maxBytes: 1 << 20, topics: map[string]*record{}},
		"bytes":  {maxTopics: 1 << 20, maxBytes: 3 * size, topics: map[string]*record{}},
	} {
		for i, topic := range []string{"a", "b", "c", "a"} {
			n.putOf(i+1, topic, 100)
		}
		if got := n.known(); got != "a c b" || n.bytes != 3*size || !n.from.IsZero() || n.counting != "" {
			t.Errorf("%s: full, it knows %q, %d bytes, from %v", name, got, n.bytes, n.from)
		}
		n.putOf(5, "d", 100)
		if got := n.known(); got != "d a c" || n.bytes != 3*size || n.from != id(2) || n.counting == "" || len(n.topics) != 3 {
			t.Errorf("%s: beyond that it knows %q, %d bytes, from %v", name, got, n.bytes, n.from)
		}
		n.putOf(6, "e", 1_000_000)
		if got := n.known(); name == "bytes" && (got != "e" || n.from != id(5)) {
			t.Errorf("an event larger than the table leaves %q, from %v", got, n.from)
		}
	}
}

// Nothing of one epoch is taken for the next.
func TestTableOfANewEpochIsEmpty(t *testing.T) {
	table := newTable(10)
	table.publish("a", "b")
	counting := table.named()
	top := store.ID{Epoch: "f", Major: 7}
	table.newest.reset(top)
	if got := table.known(); got != "" || len(table.topics) > 0 || table.newest.bytes != 0 || table.oldest != nil || table.from != top || table.newest.top != top || table.named() == counting {
		t.Errorf("it knows %q, %d topics, %d bytes, from %v to %v", got, len(table.topics), table.newest.bytes, table.from, table.newest.top)
	}
	table.publish("a")
	if r := table.topics["a"]; r == nil || r.count != 1 || table.newest.bytes != r.entry.size() || table.oldest != r || table.latest != r {
		t.Errorf("%+v, %d bytes", r, table.newest.bytes)
	}
}

// A topic that no client can ask for is in no table; the record of the others does not
// hold the lists of the index, which are the ring's.
func TestTopicsOfTheTable(t *testing.T) {
	table := newTable(10)
	longest := strings.Repeat("x", store.MaxTopic)
	table.publish(longest, longest+"x", store.MilestoneTopic("1"))
	if len(table.topics) != 1 || table.topics[longest] == nil || table.topics[longest].entry.lists != nil || table.newest.top != id(3) {
		t.Errorf("%d topics up to %v", len(table.topics), table.newest.top)
	}
}

// A topic that other writers have spelled like a pattern is counted without those that
// the pattern matches.
func TestCountOfATopicLikeAPattern(t *testing.T) {
	table := newTable(10)
	table.publish("p.*", "p.x", "p.*", "p.y")
	if got := table.countAfter(table.topics["p.*"], id(1)); got != 1 {
		t.Errorf("%d events after the first", got)
	}
}

// A table that begins late begins with what the ring has, once.
func TestTableThatBeginsLate(t *testing.T) {
	r := newRing(3, 1<<20)
	r.reset(id(0))
	n := newNewest(r, 1<<20)
	entries := logged(1, 5, func(n int) string { return []string{"a", "b"}[n%2] })
	n.append(entries)
	if len(n.topics) > 0 {
		t.Error("it notes events before anybody has asked")
	}
	for range 2 {
		n.start()
		if got := n.known(); got != "b a" || n.topics["b"].count != 2 || n.topics["a"].count != 1 || n.from != id(2) || n.top != id(5) {
			t.Errorf("%q, %+v, from %v to %v", got, n.topics["b"], n.from, n.top)
		}
	}
	if from, before := n.append(logged(6, 6, one("a"))); from != (cursor{1, 5}) || before != id(5) || n.topics["a"].count != 2 || n.known() != "a b" {
		t.Errorf("%q, %+v", n.known(), n.topics["a"])
	}
}

// Only whoever counts with the same table as before is told counts, and once for each
// topic; a number of events that were passed over is never 0.
func TestWhenEventsAreCounted(t *testing.T) {
	table := newTable(100)
	s := table.sampler(t, 0, wire.Latest{"a": 10})
	table.publish("a", "a")
	s.look(&s.filter, int64(s.now))
	table.publish("a")
	if events, _, _ := s.step(); len(events) != 1 || events[0] != (sampled{ID: "e-3", Topic: "a", Skipped: 2, Count: 3}) {
		t.Errorf("the first: %+v", events)
	}
	table.publish("a")
	s.now += latestPause
	if events, _, _ := s.step(); len(events) != 1 || events[0] != (sampled{ID: "e-4", Topic: "a"}) {
		t.Errorf("the second: %+v", events)
	}
	other := table.sampler(t, 0, wire.Latest{"a": 10})
	other.counting = "another"
	if events, _, _ := other.step(); len(events) != 1 || events[0].Count != 0 {
		t.Errorf("with the counts of another process: %+v", events)
	}
	// One event was there at the look, and more came before there was room for it.
	one := table.sampler(t, 3, wire.Latest{"a": 10})
	one.look(&one.filter, int64(one.now))
	table.publish("a", "a")
	one.expect("a6+2")
}

// Who sees an event in the ring finds it in the table: a client that was told that it is
// live would lack it else.
func TestTableKeepsUpWithTheRing(t *testing.T) {
	table := newTable(50)
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				table.publish("a", "b", "c")
			}
		}
	}()
	for range 20_000 {
		table.newest.mu.RLock()
		_, top, _ := table.ring.head()
		if known := table.newest.top; known != top {
			t.Errorf("the ring has %v, the table is at %v", top, known)
		}
		table.newest.mu.RUnlock()
		if t.Failed() {
			break
		}
	}
	close(stop)
	<-done
}
