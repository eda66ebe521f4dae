package feed

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// The position that a client of a quiet topic is told outlives those of busy topics, so
// that a feed that has just started can go on from there.
func TestLastingPosition(t *testing.T) {
	log := newThinned(3)
	log.put("own")
	for range 5 {
		log.put("busy")
	}
	log.milestone()
	milestone := uint64(len(log.events))
	log.put("busy")
	log.put("other.a")
	log.put("busy")
	s := serve(t, Options{Store: log, Ring: 100}).ready()
	top, _ := log.Bounds(t.Context())
	s.settle(top.Top.String())
	at := func(n uint64) store.ID { return store.ID{Epoch: "e", Major: n} }
	name := func(names ...string) map[string]struct{} { f := newFilter(names, &access{}); return f.names }
	// The log had lost its middle when the feed came, so the ring begins at its end.
	s.ring.reset(at(0))
	s.ring.append(encodeAll(log.events))
	for _, test := range []struct {
		pos   uint64
		names map[string]struct{}
		want  uint64
	}{
		{10, name("own"), milestone},
		{10, name("never"), milestone},
		{10, name("other.a"), 9},
		{10, name("other.*"), 9},
		{8, name("other.*"), milestone},
		{10, name("other.*", "busy"), 10},
		{9, name("busy"), 8},
		{10, nil, 10},
		{6, name("own"), 6}, // before the milestone
		{milestone, name("own"), milestone},
	} {
		if got := s.ring.lasting(at(test.pos), test.names); got != at(test.want) {
			t.Errorf("position %d for %v: %v, want %d", test.pos, test.names, got, test.want)
		}
	}
	if got := s.ring.lasting(store.ID{Epoch: "f", Major: 10}, name("own")); got.Epoch != "f" {
		t.Errorf("another epoch: %v", got)
	}
	small := newRing(2, 1<<20)
	small.reset(at(5))
	small.append(encodeAll(log.events[5:]))
	for _, test := range []struct {
		names map[string]struct{}
		want  uint64
	}{{name("own"), 7}, {name("other.a"), 9}, {name("busy"), 10}} {
		if got := small.lasting(at(10), test.names); got != at(test.want) {
			t.Errorf("after evictions for %v: %v, want %d", test.names, got, test.want)
		}
	}
	small.append(encodeAll([]store.Event{{ID: at(11), Topic: "x"}, {ID: at(12), Topic: "x"}}))
	if got := small.lasting(at(8), name("other.a")); got != at(8) {
		t.Errorf("a later event of the topic has left the ring: %v", got)
	}
	forgetful := newRing(2, 1<<20)
	forgetful.reset(at(5))
	forgetful.append(encodeAll(log.events[5:]))
	forgetful.past.reset(at(8))
	if got := forgetful.lasting(at(10), name("own")); got != at(10) {
		t.Errorf("evictions after the milestone are not known: %v", got)
	}
	forgetful.past.reset(at(milestone))
	if got := forgetful.lasting(at(10), name("own")); got != at(milestone) {
		t.Errorf("evictions from the milestone on are known: %v", got)
	}
}

// The hello and the positions tell what lasts; a milestone is sent to nobody.
func TestPositionsLast(t *testing.T) {
	log := newThinned(3)
	s := serve(t, Options{Store: log}).ready()
	log.milestone()
	log.put("busy")
	s.settle("e-2")
	p := s.knowing("", "topic=rare")
	if p.hello.Position != "e-1" {
		t.Errorf("%+v", p.hello)
	}
	all := s.knowing("e-0")
	all.readEvents(1)
	for range 4 {
		s.settle(log.put("busy"))
	}
	log.put("rare")
	p.readEvents(1)
	log.put("busy")
	s.settle("e-8")
	p.send(wire.Ping)
	p.readUntil("the pong", func() bool { return p.pongs > 0 })
	if p.cursor != "e-7" || p.events[0].ID != "e-7" {
		t.Errorf("%+v %+v", p.positions, p.events)
	}
	all.readEvents(7)
	for _, e := range all.events {
		if store.IsMilestone(e.Topic) {
			t.Errorf("a milestone is sent: %+v", e)
		}
	}
	if _, err := s.Publish(t.Context(), store.MilestoneTopic("x"), []byte("1")); err == nil {
		t.Error("a milestone can be published")
	}
	if text := s.log.String(); strings.Contains(text, "is not JSON") {
		t.Error(text)
	}
}

// A feed that finds a hole where it reads keeps its clients; only those are sent away
// that may have lost something.
func TestHoleThatAFeedMeets(t *testing.T) {
	log := newThinned(3)
	s := serve(t, Options{Store: log}).ready()
	log.milestone()
	s.settle("e-1")
	rare, busy, added := s.knowing("", "topic=rare"), s.knowing("", "topic=busy"), s.knowing("", "topic=none")
	log.put("rare")
	rare.readEvents(1)
	log.pause(true)
	for range 6 {
		log.put("busy")
	}
	log.put("rare")
	log.pause(false)
	s.settle("e-9")
	rare.readEvents(2)
	log.put("rare")
	rare.readEvents(3)
	if ids := []string{rare.events[0].ID, rare.events[1].ID, rare.events[2].ID}; !slices.Equal(ids, []string{"e-2", "e-9", "e-10"}) {
		t.Errorf("%v", ids)
	}
	if end := busy.closed(); end.Code != wire.CloseRestart || !strings.Contains(end.Reason, "trimmed") {
		t.Errorf("%+v", end)
	}
	if again := s.knowing(busy.hello.Position, "topic=busy"); again.hello.Gap == nil {
		t.Errorf("%+v", again.hello)
	}
	from := added.followed(`{"wakesocket":"add","n":1,"topics":["rare"]}`, 1)
	log.put("rare")
	added.readUntil("it has the last event", func() bool { return added.cursor == "e-11" })
	if want, _, _ := log.between([]string{"rare"}, log.place(t, from.Position), 11); len(added.events) != len(want) {
		t.Errorf("after %s: %+v", from.Position, added.events)
	}
	if len(s.log.with("log epoch changed; clients reconnect and are told of a gap")) > 0 {
		t.Error("the epoch is said to have changed")
	}
}

// A client whose topics change while it reads a page of other topics misses nothing.
func TestTopicsChangeDuringAPage(t *testing.T) {
	log := newThinned(5)
	log.milestone()
	for range 5 {
		log.put("a")
		log.put("b")
	}
	for range 30 {
		log.put("busy")
	}
	s := serve(t, Options{Store: log, Ring: 4}).ready()
	s.settle("e-41")
	c := &client{feed: s.Feed}
	c.filter = newFilter([]string{"a"}, &access{})
	c.pos = store.ID{Epoch: "e", Major: 1}
	page := c.readPage()
	if len(page) != 6 || c.page.key.topics == "" || page[5].id.Major != 41 {
		t.Fatalf("%d entries", len(page))
	}
	c.forgetPage()
	if c.readFor == c.filterChanges || len(c.currentPage()) > 0 {
		t.Error("the page of other topics is used")
	}
	c.filter.add([]string{"b"})
	if page := c.readPage(); len(page) != 11 || c.readFor != c.filterChanges {
		t.Errorf("%d entries", len(page))
	}
	reads := log.reads
	if again := c.readPage(); len(again) != 11 || log.reads != reads {
		t.Error("the page is read again")
	}
}

// A page that ends before a hole and has nothing to send is no proof: the client would
// come back to the same position again and again.
func TestHoleAfterAMilestone(t *testing.T) {
	log := newThinned(3)
	log.short = true
	first := log.put("busy")
	log.milestone()
	log.milestone()
	for range 5 {
		log.put("busy")
	}
	log.milestone()
	// The log has 2 and 3, which are milestones, then 6 to 8 and another one.
	s := serve(t, Options{Store: log, Ring: 2}).ready()
	s.settle("e-9")
	for _, query := range []string{"", "topic=busy"} {
		if p := s.knowing("e-2", query); p.hello.Gap == nil {
			t.Errorf("%q: %+v", query, p.hello)
		}
	}
	if p := s.knowing(first, "topic=rare"); p.hello.Gap == nil {
		t.Errorf("the position is proved by nothing: %+v", p.hello)
	}
	if p := s.knowing("e-3", "topic=rare"); !p.hello.Resumed {
		t.Errorf("%+v", p.hello)
	}
}

// Earlier events of a rare topic are found beyond what busy topics have lost.
func TestHistoryBeyondHoles(t *testing.T) {
	log := newThinned(5)
	for n := range 7 {
		log.put("rare")
		for range 10 + n {
			log.put("busy")
		}
	}
	s := serve(t, Options{Store: log, Ring: 10}).ready()
	bounds, _ := log.Bounds(t.Context())
	s.settle(bounds.Top.String())
	p := s.knowing("")
	for i, test := range []struct {
		request  string
		want     []int // rare events by their order
		complete bool
	}{
		{`"topic":"rare"`, []int{2, 3, 4, 5, 6}, true},
		{`"topic":"rare","limit":2`, []int{5, 6}, false},
		{`"topic":"never"`, nil, true},
	} {
		p.send(fmt.Sprintf(`{"wakesocket":"history","n":%d,%s}`, i+1, test.request))
		var answer struct {
			Events   []event
			Complete bool
		}
		if err := json.Unmarshal([]byte(p.answered(i+1)), &answer); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range answer.Events {
			got = append(got, e.ID)
		}
		all, _, _ := log.between([]string{"rare"}, 0, int(bounds.Top.Major))
		var want []string
		for _, n := range test.want {
			want = append(want, "e-"+all[n])
		}
		if !slices.Equal(got, want) || answer.Complete != test.complete {
			t.Errorf("%s: %v %v, want %v", test.request, got, answer.Complete, want)
		}
	}
	p.send(`{"wakesocket":"history","n":9,"topic":"rar.*","limit":1000}`)
	if answer := p.answered(9); !strings.Contains(answer, `"complete":true`) {
		t.Errorf("%.200s", answer)
	}
}
