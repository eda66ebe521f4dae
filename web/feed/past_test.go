package feed

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

func TestPast(t *testing.T) {
	r := newRing(4, 1<<20)
	r.reset(id(10))
	r.append(logged(11, 20, func(n int) string { return map[int]string{12: "rare.x", 15: "seldom", 19: "new"}[n] + "" }))
	names := func(all ...string) map[string]struct{} { f := newFilter(all, &access{}); return f.names }
	for _, test := range []struct {
		pos   store.ID
		names map[string]struct{}
		ok    bool
	}{
		{id(12), names("rare.x"), true},
		{id(11), names("rare.x"), false},
		{id(11), names("rare.*"), false},
		{id(12), names("rare.*"), true},
		{id(12), names("rare.x", "seldom"), false},
		{id(15), names("rare.x", "seldom"), true},
		{id(10), names("new"), true}, // the ring has it
		{id(9), names("new"), false}, // before all that is known
		{id(12), nil, false},
		{id(16), names("new"), false}, // inside the ring
		{store.ID{Epoch: "f", Major: 12}, names("new"), false},
	} {
		m, ok := r.begin(test.pos, test.names)
		if ok != test.ok || ok && (m.pos != id(16) || m.at != cursor{1, 6}) {
			t.Errorf("after %v for %v: %v, %v", test.pos, test.names, m, ok)
		}
	}
}

func TestPastIsBounded(t *testing.T) {
	var p past
	p.reset(id(0))
	x := index{}
	for n := 1; n <= pastNames+10; n++ {
		topic := fmt.Sprintf("t%d", n)
		e := entry{id: id(n), topic: topic, lists: x.add(topic, uint64(n))}
		p.evicted(&e)
		if len(p.last) > pastNames || n <= pastNames && len(p.last) != n {
			t.Fatalf("%d names after %d", len(p.last), n)
		}
	}
	if p.from != id(pastNames+1) || len(p.last) != 9 {
		t.Fatalf("known from %v, %d names", p.from, len(p.last))
	}
}

// A client with a rare topic that comes back after the ring has moved on is at the
// end of the log at once: it does not read what lies between.
func TestRareTopicResumesWithoutReadingTheLog(t *testing.T) {
	log := &counted{Store: memory.New(memory.Options{Events: 20_000})}
	s := serve(t, Options{Store: log, Ring: 100}).ready()
	rare := s.publish("rare", 1, 1)
	from := s.publish("busy", 2, 2)
	ids := s.publish("busy", 3, 9000)
	s.settle(ids[len(ids)-1])
	before := log.reads.Load()
	p := s.knowing(from[0], "topic=rare")
	p.readUntil("it is live", func() bool { return len(p.positions) > 0 })
	if at := p.positions[0]; !p.hello.Resumed || !at.Live || at.Position != ids[len(ids)-1] || len(p.events) > 0 {
		t.Fatalf("%+v %+v", p.hello, p.positions)
	}
	if reads := log.reads.Load() - before; reads > 2 {
		t.Errorf("the log was read %d times", reads)
	}
	s.publish("rare", 9001, 9001)
	p.readEvents(1)
	p.expect(9001, 9001)
	all := s.knowing(rare[0], "topic=busy")
	all.readEvents(8999)
	all.expect(2, 9000)
}

// A busy topic pushes out of the log the position of a client that wants a rare one.
// Nothing of the rare topic is gone: the client goes on without a gap. Whoever wants
// what is gone is told of one.
func TestRareTopicWhenTheLogHasDroppedThePosition(t *testing.T) {
	log := memory.New(memory.Options{Events: 20})
	s := serve(t, Options{Store: log, Ring: 10}).ready()
	_, start, _ := s.ring.head()
	rare := s.publish("rare.a", 1, 1)
	busy := s.publish("busy", 2, 60)
	newest := s.publish("rare.a", 61, 61)
	s.settle(newest[0])
	if _, err := log.After(t.Context(), start, 1); err == nil {
		t.Fatal("the log still has everything")
	}
	forged, _ := store.ParseID(busy[5])
	forged.Minor = 7
	for _, test := range []struct {
		name, after, query string
		events             []int // nil for a gap
	}{
		{"own event", rare[0], "topic=rare.a", []int{61}},
		{"position of the busy topic", busy[5], "topic=rare.a", []int{61}},
		{"pattern", busy[5], "topic=rare.*", []int{61}},
		{"nothing ever", start.String(), "topic=never", []int{}},
		{"rare event is gone", start.String(), "topic=rare.a", nil},
		{"busy topic", busy[5], "topic=busy", nil},
		{"both", busy[5], "topic=busy&topic=rare.a", nil},
		{"all topics", busy[5], "", nil},
		{"topics come later", busy[5], "topics=later", nil},
		{"no position of the log", forged.String(), "topic=rare.a", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := s.knowing(test.after, test.query)
			defer p.conn.CloseNow()
			if test.events == nil {
				if p.hello.Resumed || p.hello.Gap == nil {
					t.Errorf("no gap is told: %+v", p.hello)
				}
				return
			}
			if !p.hello.Resumed || p.hello.Gap != nil || p.hello.Position != test.after {
				t.Fatalf("%+v", p.hello)
			}
			p.readUntil("it is live", func() bool { return len(p.positions) > 0 })
			if at := p.positions[0]; !at.Live || at.Position != newest[0] || len(p.events) != len(test.events) {
				t.Errorf("%+v, %d events", at, len(p.events))
			}
		})
	}
	again := serve(t, Options{Store: log, Ring: 10}).ready() // it has seen nothing of this
	if p := again.knowing(busy[5], "topic=rare.a"); p.hello.Gap == nil {
		t.Errorf("no gap is told: %+v", p.hello)
	}
}

// What a client adds while it is connected begins without a gap in the same way.
func TestRareTopicAddedAfterADroppedPosition(t *testing.T) {
	s := serve(t, Options{Store: memory.New(memory.Options{Events: 20}), Ring: 10}).ready()
	busy := s.publish("busy", 1, 60)
	newest := s.publish("rare", 61, 61)
	s.settle(newest[0])
	p := s.knowing("", "topic=other")
	p.send(`{"wakesocket":"add","n":1,"topics":["rare"],"after":"` + busy[5] + `"}`)
	p.send(`{"wakesocket":"add","n":2,"topics":["busy"],"after":"` + busy[5] + `"}`)
	for n, gap := range map[int]bool{1: false, 2: true} {
		var frame wire.Followed
		if err := json.Unmarshal([]byte(p.answered(n)), &frame); err != nil || (frame.Gap != nil) != gap {
			t.Errorf("answer %d: %+v, %v", n, frame, err)
		}
	}
}

// Places are forgotten from the oldest on; each that is left proves a position.
func TestPastPlaces(t *testing.T) {
	var p past
	p.reset(id(5))
	x := index{}
	evict := func(n int) { p.evicted(&entry{id: id(n), topic: "t", lists: x.add("t", uint64(n))}) }
	for n := 6; n < 5+pastEvents; n++ {
		evict(n)
	}
	if len(p.places) != pastEvents || !p.has(id(5)) || !p.has(id(4+pastEvents)) || p.has(id(4)) || p.has(id(5+pastEvents)) {
		t.Fatalf("%d places", len(p.places))
	}
	if p.has(store.ID{Epoch: "other", Major: 5}) || p.has(store.ID{Epoch: id(5).Epoch, Major: 5, Minor: 1}) {
		t.Error("a position that was none is proved")
	}
	evict(5 + pastEvents)
	if len(p.places) != pastEvents/2+1 || p.has(id(4+pastEvents/2)) || !p.has(id(5+pastEvents/2)) || !p.has(id(5+pastEvents)) {
		t.Errorf("%d places", len(p.places))
	}
	if p.reset(id(7)); !p.has(id(7)) || p.has(id(8)) {
		t.Error("a reset keeps places")
	}
}
