package storetest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// published is what a test has published, in the order of the log.
type published struct {
	mu     sync.Mutex
	events []store.Event
}

func (p *published) put(t testing.TB, s store.Store, topic string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.events)
	var id store.ID
	Eventually(t, "an event is published", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		var err error
		id, err = s.Publish(ctx, topic, []byte(strconv.Itoa(n)), store.IdempotencyKey(fmt.Sprint("n", n)))
		return err == nil
	})
	p.events = append(p.events, store.Event{ID: id, Topic: topic, Data: []byte(strconv.Itoa(n))})
}

// between are the numbers of the events with one of the names, after a place of the log
// and up to another; all topics when there are no names.
func (p *published) between(names []string, after, upTo uint64) (numbers []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.events {
		matches := func(name string) bool { return wire.MatchTopic(name, e.Topic) }
		if e.ID.Major > after && e.ID.Major <= upTo && (len(names) == 0 || slices.ContainsFunc(names, matches)) {
			numbers = append(numbers, string(e.Data))
		}
	}
	return numbers
}

// newest are the places of the newest event of each topic up to a place, where a name
// that stands for the topic is wanted from an earlier place on.
func (p *published) newest(from map[string]uint64, upTo uint64) map[string]uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	newest := map[string]uint64{}
	for _, e := range p.events {
		for name, after := range from {
			if e.ID.Major > after && e.ID.Major <= upTo && wire.MatchTopic(name, e.Topic) {
				newest[e.Topic] = e.ID.Major
			}
		}
	}
	return newest
}

func (p *published) end() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.events) == 0 {
		return 0
	}
	return p.events[len(p.events)-1].ID.Major
}
