package feed

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

func TestCheckOrder(t *testing.T) {
	other := func(n uint64) store.ID { return store.ID{Epoch: "other", Major: n} }
	for _, test := range []struct {
		name   string
		after  store.ID
		events []store.ID
		good   bool
	}{
		{"nothing", id(3), nil, true},
		{"the next", id(3), []store.ID{id(4), id(5)}, true},
		{"with holes", id(3), []store.ID{id(9), id(12)}, true},
		{"the one before again", id(3), []store.ID{id(3)}, false},
		{"an older one", id(3), []store.ID{id(2)}, false},
		{"twice", id(3), []store.ID{id(4), id(4)}, false},
		{"back", id(3), []store.ID{id(5), id(4)}, false},
		{"another epoch", id(3), []store.ID{other(4)}, false},
		{"another epoch later", id(3), []store.ID{id(4), other(5)}, false},
		{"without a position", store.ID{}, []store.ID{id(1)}, false},
	} {
		var events []store.Event
		for _, id := range test.events {
			events = append(events, store.Event{ID: id})
		}
		if err := checkOrder(test.after, events); (err == nil) != test.good {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// confused gives the events that it follows in a wrong way while it is ill, once
// each time that it is followed.
type confused struct {
	*memory.Store
	spoil func([]store.Event) []store.Event
	ill   atomic.Bool
}

type confusedSink struct {
	store.Sink
	log *confused
}

func (c *confused) Follow(ctx context.Context, from store.ID, sink store.Sink) error {
	return c.Store.Follow(ctx, from, confusedSink{sink, c})
}

func (s confusedSink) Append(events []store.Event) {
	if len(events) > 0 && s.log.ill.Swap(false) {
		events = s.log.spoil(events)
	}
	s.Sink.Append(events)
}

func (c *confused) After(ctx context.Context, id store.ID, limit int) ([]store.Event, error) {
	events, err := c.Store.After(ctx, id, limit)
	if len(events) > 0 && c.ill.Load() {
		events = c.spoil(events)
	}
	return events, err
}

func TestStoreThatIsOutOfOrder(t *testing.T) {
	twice := func(events []store.Event) []store.Event { return append(events[:1:1], events...) }
	foreign := func(events []store.Event) []store.Event {
		events[0].ID.Epoch = "other"
		return events
	}
	for name, spoil := range map[string]func([]store.Event) []store.Event{"twice": twice, "another epoch": foreign} {
		t.Run(name, func(t *testing.T) {
			log := &confused{Store: memory.New(memory.Options{}), spoil: spoil}
			s := serve(t, Options{Store: log}).ready()
			p := s.knowing("")
			s.publish("cpu", 1, 3)
			p.readEvents(3)
			log.ill.Store(true)
			s.publish("cpu", 4, 6)
			p.readEvents(6)
			s.publish("cpu", 7, 7)
			p.readEvents(7)
			p.expect(1, 7)
			lines := s.log.with("log cannot be followed; trying again")
			if len(lines) != 1 || !strings.Contains(lines[0]["error"].(string), "ids of a log must grow") {
				t.Errorf("%s", s.log)
			}
		})
	}
}

func TestPageThatIsOutOfOrder(t *testing.T) {
	log := &confused{Store: memory.New(memory.Options{}), spoil: func(events []store.Event) []store.Event {
		return append(events, events[0])
	}}
	s := serve(t, Options{Store: log, Ring: 2}).ready()
	ids := s.publish("cpu", 1, 9)
	s.settle(ids[8])
	log.ill.Store(true)
	if ce := s.dial("wakesocket=1&after=" + ids[0]).closed(); !hasAdvice(ce) {
		t.Errorf("%+v", ce)
	}
	log.ill.Store(false)
	p := s.knowing(ids[0])
	p.readEvents(8)
	p.expect(2, 9)
}
