package feed

import (
	"fmt"
	"testing"

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
