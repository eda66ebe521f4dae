package feed

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// thinned is a log in memory that keeps so many events of each topic. It knows exactly
// what it has dropped.
type thinned struct {
	limit int
	short bool // a page ends before a hole, as in JetStream
	marks bool // a follower that meets a hole writes a milestone

	mu       sync.Mutex
	events   []store.Event // all that there ever were; that with the number n has the index n-1
	kept     []bool
	grown    chan struct{}
	slow     bool // it is not followed
	reads    int  // of AfterTopics
	numbered int  // milestones
}

func newThinned(limit int) *thinned { return &thinned{limit: limit, grown: make(chan struct{})} }

func (l *thinned) DropsByTopic() bool { return true }

func (l *thinned) Publish(_ context.Context, topic string, data []byte, _ ...store.PublishOption) (store.ID, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := store.ID{Epoch: "e", Major: uint64(len(l.events) + 1)}
	l.events = append(l.events, store.Event{ID: at, Topic: topic, Data: data})
	l.kept = append(l.kept, true)
	count := 0
	for i, e := range slices.Backward(l.events) {
		if e.Topic == topic && l.kept[i] {
			count++
			l.kept[i] = count <= l.limit
		}
	}
	if !l.slow {
		close(l.grown)
		l.grown = make(chan struct{})
	}
	return at, nil
}

// milestone writes one.
func (l *thinned) milestone() {
	l.mu.Lock()
	l.numbered++
	topic := store.MilestoneTopic(fmt.Sprint(l.numbered))
	l.mu.Unlock()
	l.Publish(context.Background(), topic, []byte("0"))
}

// pause stops the followers, until they are let on.
func (l *thinned) pause(slow bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slow = slow
	close(l.grown)
	l.grown = make(chan struct{})
}

func (l *thinned) Bounds(context.Context) (store.Bounds, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	top := store.ID{Epoch: "e", Major: uint64(len(l.events))}
	if slices.Contains(l.kept, false) {
		return store.Bounds{Base: top, Top: top}, nil
	}
	return store.Bounds{Base: store.ID{Epoch: "e"}, Top: top}, nil
}

// from checks that the log has an id, and that nothing of some topics is gone after it.
func (l *thinned) from(id store.ID, known bool, wanted func(topic string) bool) error {
	switch at := int(id.Major); {
	case id.Epoch != "e":
		return &store.GapError{Reason: store.Epoch}
	case at > len(l.events):
		return &store.GapError{Reason: store.Future}
	case at > 0 && !l.kept[at-1] && !known:
		return &store.GapError{Reason: store.Trimmed}
	}
	for i := id.Major; i < uint64(len(l.events)); i++ {
		if !l.kept[i] && wanted(l.events[i].Topic) {
			return &store.GapError{Reason: store.Trimmed}
		}
	}
	return nil
}

func (l *thinned) After(_ context.Context, id store.ID, limit int) ([]store.Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.from(id, false, func(string) bool { return true })
	rest := l.events[min(int(id.Major), len(l.events)):]
	if hole := slices.Index(l.kept[len(l.events)-len(rest):], false); l.short && hole > 0 && (id.Major == 0 || l.kept[id.Major-1]) {
		rest, err = rest[:hole], nil
	}
	if err != nil {
		return nil, err
	}
	return slices.Clone(rest[:min(limit, len(rest))]), nil
}

func (l *thinned) AfterTopics(_ context.Context, id store.ID, names []string, limit int, known bool) (page store.TopicPage, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads++
	wanted := func(topic string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return wire.MatchTopic(name, topic) })
	}
	if id.IsZero() {
		id = store.ID{Epoch: "e"}
	} else if err := l.from(id, known, wanted); err != nil {
		return page, err
	}
	page.Through = store.ID{Epoch: "e", Major: uint64(len(l.events))}
	for i := id.Major; i < uint64(len(l.events)); i++ {
		if e := l.events[i]; l.kept[i] && wanted(e.Topic) {
			if len(page.Events) == limit {
				page.Through = page.Events[limit-1].ID
				break
			}
			page.Events = append(page.Events, e)
		}
	}
	return page, nil
}

func (l *thinned) Follow(ctx context.Context, from store.ID, sink store.Sink) error {
	for ctx.Err() == nil {
		l.mu.Lock()
		grown, slow := l.grown, l.slow
		l.mu.Unlock()
		var events []store.Event
		var err error
		if !slow || from.IsZero() {
			events, err = l.After(ctx, from, pageEvents)
		}
		if _, gap := store.AsGap(err); gap {
			bounds, _ := l.Bounds(ctx)
			from = bounds.Top
			sink.Reset(from)
			if l.marks {
				l.milestone()
			}
			continue
		}
		if len(events) > 0 {
			from = events[len(events)-1].ID
			sink.Append(events)
			continue
		}
		sink.Append(nil)
		select {
		case <-grown:
		case <-time.After(store.FollowInterval / 2):
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// between are the numbers of the events with one of the names, after one event and up
// to another; all topics when there are no names.
func (l *thinned) between(names []string, after, upTo int) (numbers []string, dropped bool, busiest int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := map[string]int{}
	for i := after; i < upTo; i++ {
		topic := l.events[i].Topic
		if store.IsMilestone(topic) || len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool { return wire.MatchTopic(name, topic) }) {
			continue
		}
		counts[topic]++
		busiest = max(busiest, counts[topic])
		dropped = dropped || !l.kept[i]
		numbers = append(numbers, strings.TrimPrefix(l.events[i].ID.String(), "e-"))
	}
	return numbers, dropped, busiest
}
