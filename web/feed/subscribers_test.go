package feed

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

func TestGroup(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		var g group
		in := map[*client]bool{}
		var all []*client
		for range 200 {
			if len(all) > 0 && random.IntN(3) == 0 {
				i := random.IntN(len(all))
				g.remove(all[i])
				delete(in, all[i])
				all = slices.Delete(all, i, i+1)
			} else {
				c := &client{}
				g.add(c)
				in[c] = true
				all = append(all, c)
			}
			if len(g.clients) != len(in) || g.places != nil && len(g.places) != len(in) {
				t.Fatalf("%d clients, %d places for %d", len(g.clients), len(g.places), len(in))
			}
		}
		for i, c := range g.clients {
			if !in[c] || g.places[c] != i {
				t.Fatalf("client %d: in %v, at %d", i, in[c], g.places[c])
			}
		}
	}
}

func TestSubscribersByName(t *testing.T) {
	s := newSubscribers()
	names := func(f filter) map[string]struct{} { return f.names }
	a, b := &client{}, &client{}
	s.add(a, names(newFilter([]string{"x", "y.*"}, &access{})))
	s.add(b, nil)
	if len(s.named) != 2 || !slices.Equal(s.named["x"].clients, []*client{a}) || !slices.Equal(s.named["y.*"].clients, []*client{a}) || !slices.Equal(s.all.clients, []*client{b}) {
		t.Fatalf("%v %v", s.named, s.all)
	}
	s.add(b, names(newFilter([]string{"x"}, &access{})))
	s.replace(a, names(newFilter([]string{"x", "y.*"}, &access{})), names(newFilter([]string{"y.*", "z"}, &access{})))()
	if len(s.named) != 3 || !slices.Equal(s.named["x"].clients, []*client{b}) || len(s.named["y.*"].clients) != 1 || len(s.named["z"].clients) != 1 {
		t.Fatalf("%v", s.named)
	}
	s.replace(a, names(newFilter([]string{"y.*", "z"}, &access{})), nil)()
	s.remove(b, nil)
	if len(s.named) != 1 || !slices.Equal(s.all.clients, []*client{a}) {
		t.Fatalf("%v %v", s.named, s.all)
	}
	s.remove(b, names(newFilter([]string{"x"}, &access{})))
	if s.remove(a, nil); len(s.named) != 0 || len(s.all.clients) != 0 {
		t.Fatalf("%v %v: names without clients are left", s.named, s.all)
	}
}

// wants is a client that says what it wants, and what it must have been sent.
type wants struct {
	*peer
	filter filter
	ids    []string
}

// Each client gets exactly the events of its topics, though the ring is far smaller
// than what passes while it is idle.
func TestEachClientGetsItsTopics(t *testing.T) {
	s := serve(t, Options{Ring: 8, AcceptRate: -1, Store: memory.New(memory.Options{Events: 10_000})}).ready()
	topics := []string{"a", "a.b", "a.b.c", "b", "b.x", "rare"}
	var all []*wants
	for _, names := range [][]string{nil, {"a"}, {"a.*"}, {"a", "a.*"}, {"a.b.*", "b"}, {"rare"}, {"rare", "b.*"}, {"none"}} {
		var query []string
		for _, name := range names {
			query = append(query, "topic="+name)
		}
		all = append(all, &wants{peer: s.knowing("", query...), filter: newFilter(names, &access{})})
	}
	random := rand.New(rand.NewPCG(5, 6))
	publish := func(topic string) {
		ids := s.Feed.publish(t, topic)
		for _, w := range all {
			if w.filter.has(topic) {
				w.ids = append(w.ids, ids)
			}
		}
	}
	for range 40 {
		for range random.IntN(30) {
			publish(topics[random.IntN(len(topics)-1)])
		}
		if random.IntN(4) == 0 {
			publish("rare")
		}
		for _, w := range all {
			w.readEvents(len(w.ids))
		}
	}
	for _, w := range all {
		w.send("ping") // whatever comes before the pong was sent for these topics
		w.readUntil("pong", func() bool { return w.pongs > 0 })
		var got []string
		for _, e := range w.events {
			got = append(got, e.ID)
		}
		if !slices.Equal(got, w.ids) {
			t.Errorf("%v: %d events, want %d", w.filter.names, len(got), len(w.ids))
		}
	}
}

func (f *Feed) publish(t *testing.T, topic string) string {
	t.Helper()
	id, err := f.Publish(context.Background(), topic, []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// An event of a topic that a client is about to leave comes while the topics are changed:
// it is sent, since the client is told that the new ones count after it.
func TestOldTopicsUntilTheyAreChanged(t *testing.T) {
	for _, r := range []command{
		{Kind: wire.KindTopics, Topics: []string{"b"}},
		{Kind: wire.KindTopics, Topics: []string{"a", "b"}}, // instead of all
		{Kind: wire.KindRemove, Topics: []string{"a"}},
		{Kind: wire.KindAdd, Topics: []string{"a"}, Latest: wire.Latest{"a": 10}},
	} {
		s := serve(t, Options{}).ready()
		p := s.knowing("", map[bool]string{true: "", false: "topic=a"}[len(r.Topics) == 2])
		var c *client
		s.mu.Lock()
		for c = range s.clients {
		}
		s.mu.Unlock()
		position := c.placeNow()
		until(t, "its writer is idle", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return !c.writing })
		change, after := c.changeTopics(&r)
		last := s.publish("a", 1, 1)[0]
		until(t, "the event was offered", func() bool {
			done := s.wanting.done.Load() // nil before the first
			return done != nil && done.pos.String() == last
		})
		c.input(func(*inputs) { c.changeLatest(change, position) })
		after()
		p.send(wire.Ping) // the reader takes the lock after this test
		p.readUntil("pong", func() bool { return p.pongs > 0 })
		if p.readEvents(1); p.events[0].ID != last {
			t.Errorf("%v: %v", r, p.events)
		}
		p.conn.CloseNow()
		until(t, "nobody is subscribed", func() bool {
			s.wanting.mu.Lock()
			defer s.wanting.mu.Unlock()
			return len(s.wanting.named) == 0 && len(s.wanting.all.clients) == 0
		})
	}
}

// An idle client does not hold its place in the ring, and yet it is told where it
// is: with the pong, when events of other topics have passed.
func TestIdleClientLearnsItsPosition(t *testing.T) {
	s := serve(t, Options{Ring: 4}).ready()
	p := s.knowing("", "topic=rare")
	ping := func() {
		pongs := p.pongs
		p.send("ping")
		p.readUntil("pong", func() bool { return p.pongs > pongs })
	}
	ping()
	ids := s.publish("busy", 1, 50)
	s.settle(ids[49])
	until(t, "the events were offered", func() bool {
		done := s.wanting.done.Load() // nil before the first
		return done != nil && done.pos.String() == ids[49]
	})
	// A writer that was still busy with the pong before tells it with the next one.
	for end := time.Now().Add(patience); len(p.positions) == 0 && time.Now().Before(end); {
		ping()
	}
	if len(p.positions) == 0 {
		t.Fatal("it is not told")
	}
	if at := p.positions[0]; len(p.positions) != 1 || at.Position != ids[49] || !at.Live {
		t.Fatalf("%+v", p.positions)
	}
	ping()
	ping() // nothing has passed: nothing to tell
	if len(p.positions) != 1 {
		t.Fatalf("%+v", p.positions)
	}
	last := s.publish("rare", 51, 51)
	p.readEvents(1)
	if ping(); len(p.positions) != 1 || p.events[0].ID != last[0] {
		t.Fatalf("%+v %+v", p.positions, p.events)
	}
}

// The number of clients that an event is not for does not matter: their cursors
// stay where they are.
func TestOtherClientsAreLeftAlone(t *testing.T) {
	s := serve(t, Options{}).ready()
	p, other := s.knowing("", "topic=a"), s.knowing("", "topic=b", "client=other")
	s.mu.Lock()
	c := s.latest["other"]
	s.mu.Unlock()
	until(t, "it is idle", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return !c.writing
	})
	s.publish("a", 1, 5)
	p.readEvents(5)
	c.mu.Lock()
	if c.at.seq != 0 || c.writing {
		t.Errorf("the cursor of another client is at %v", c.at)
	}
	c.mu.Unlock()
	s.publish("b", 6, 6)
	other.readEvents(1)
	other.expect(6, 6)
}

func TestTopicsChangeWhileConnected(t *testing.T) {
	s := serve(t, Options{Ring: 4}).ready()
	p := s.knowing("", "topic=a", "client=changing")
	s.mu.Lock()
	c := s.latest["changing"]
	s.mu.Unlock()
	change := func(published []string, topics string) {
		// The new topics count for whatever the client has not read yet.
		last := published[len(published)-1]
		until(t, "it was offered the last event", func() bool {
			done := s.wanting.done.Load()
			return done != nil && done.pos.String() == last
		})
		until(t, "it has read all that it wants", func() bool {
			c.mu.Lock()
			defer c.mu.Unlock()
			return !c.writing
		})
		pongs := p.pongs
		p.send(`{"wakesocket":"topics","topics":[` + topics + `]}`)
		p.send("ping")
		p.readUntil("pong", func() bool { return p.pongs > pongs })
	}
	change(s.publish("b", 1, 9), `"b"`)
	s.publish("a", 10, 19)
	change(s.publish("b", 20, 20), `"b.*","a"`)
	s.publish("b", 21, 21)
	s.publish("b.x", 22, 22)
	change(s.publish("a", 23, 23), ``)
	change(s.publish("z", 24, 24), `"none"`)
	change(s.publish("z", 25, 30), `"z"`)
	s.publish("z", 31, 31)
	p.readEvents(5)
	var got []string
	for _, e := range p.events {
		got = append(got, string(e.Data))
	}
	if want := []string{"20", "22", "23", "24", "31"}; !slices.Equal(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
}
