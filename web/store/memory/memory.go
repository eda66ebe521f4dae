// Package memory is an event log in the memory of one process. Its epoch is new
// each time, so a client of an earlier process is told of the gap.
package memory

import (
	"context"
	"sync"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// Options bound what is kept.
type Options struct {
	// Events is how many events to keep. Defaults to 4096.
	Events int
	// Age is how long to keep an event. Defaults to 0: no limit.
	Age time.Duration
}

// Store is a log in memory. It needs no closing.
type Store struct {
	age time.Duration
	now func() time.Time

	mu    sync.Mutex
	epoch string
	limit uint64        // how many events to keep
	slots []store.Event // the event with number n is in slots[n % len]; they grow up to limit
	base  uint64        // number of the last event that was dropped
	top   uint64        // number of the newest event
	grown chan struct{} // closed at the next event; nil while nobody waits
	keys  keys

	records records

	followers map[*uint64]struct{} // number of the last event that each has read
	moved     chan struct{}        // closed when a follower reads on or ends; nil while nobody waits
}

// New returns an empty log with an epoch of its own.
func New(options Options) *Store {
	if options.Events <= 0 {
		options.Events = 4096
	}
	return &Store{
		age:       options.Age,
		now:       time.Now,
		epoch:     store.NewEpoch(),
		limit:     uint64(options.Events),
		slots:     make([]store.Event, min(options.Events, firstSlots)),
		keys:      keys{ids: map[string]uint64{}},
		records:   records{},
		followers: map[*uint64]struct{}{},
	}
}

var _ store.Store = (*Store)(nil)

const firstSlots = 256

// Publish appends an event. It waits for followers that would otherwise lose the
// event whose slot it needs: a burst longer than the log must not look like a gap to
// a feed in the same process. When ctx ends while it waits, nothing is stored.
func (s *Store) Publish(ctx context.Context, topic string, data []byte, options ...store.PublishOption) (store.ID, error) {
	o, err := store.NewPublishOptions(topic, options)
	if err != nil {
		return store.ID{}, err
	}
	if err := ctx.Err(); err != nil {
		return store.ID{}, store.NotStored(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.full() {
		moved := subscribe(&s.moved)
		s.mu.Unlock()
		select {
		case <-moved:
		case <-ctx.Done():
		}
		s.mu.Lock()
		if err := ctx.Err(); err != nil {
			return store.ID{}, store.NotStored(err)
		}
	}
	now := s.now()
	if n, ok := s.keys.find(o.Key, now); ok {
		return s.id(n), nil
	}
	s.grow()
	s.top++
	id := s.id(s.top)
	*s.slot(s.top) = store.Event{ID: id, Topic: topic, Data: data, Time: now}
	s.base = max(s.base, s.top-min(s.top, s.limit))
	s.keys.add(o.Key, s.top, now)
	s.expire(now)
	announce(&s.grown)
	return id, nil
}

// Bounds tells what the log holds.
func (s *Store) Bounds(context.Context) (store.Bounds, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(s.now())
	return store.Bounds{Base: s.id(s.base), Top: s.id(s.top)}, nil
}

// After reads the events that follow id.
func (s *Store) After(_ context.Context, id store.ID, limit int) ([]store.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(s.now())
	return s.read(id, limit)
}

// Follow hands events to the sink as they are published.
func (s *Store) Follow(ctx context.Context, from store.ID, sink store.Sink) error {
	var base, position uint64
	defer func() {
		s.mu.Lock()
		delete(s.followers, &position)
		announce(&s.moved)
		s.mu.Unlock()
	}()
	interval := time.NewTicker(store.FollowInterval / 2)
	defer interval.Stop()
	for ctx.Err() == nil {
		s.mu.Lock()
		s.expire(s.now())
		events, err := s.read(from, 256)
		reset := err != nil
		if reset {
			from = s.id(s.top)
		}
		if len(events) > 0 {
			from = events[len(events)-1].ID
		}
		position = from.Major
		s.followers[&position] = struct{}{}
		announce(&s.moved)
		var grown <-chan struct{}
		if len(events) == 0 {
			grown = subscribe(&s.grown)
		}
		trimmed := s.base
		s.mu.Unlock()

		if reset {
			sink.Reset(from)
		}
		sink.Append(events)
		if trimmed > base {
			base = trimmed
			sink.Trim(s.id(base))
		}
		if grown == nil {
			continue
		}
		select {
		case <-grown:
		case <-interval.C:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// read returns a page after id; the caller holds the lock.
func (s *Store) read(id store.ID, limit int) ([]store.Event, error) {
	switch {
	case id.Epoch != s.epoch:
		return nil, &store.GapError{Reason: store.Epoch}
	case id.Minor != 0:
		return nil, &store.GapError{Reason: store.Invalid}
	case id.Major > s.top:
		return nil, &store.GapError{Reason: store.Future}
	case id.Major < s.base:
		return nil, &store.GapError{Reason: store.Trimmed}
	}
	last := id.Major + min(uint64(max(limit, 0)), s.top-id.Major)
	var events []store.Event
	size := 0
	for n := id.Major + 1; n <= last; n++ {
		event := *s.slot(n)
		if size += len(event.Data); size > store.PageBytes && len(events) > 0 {
			break
		}
		events = append(events, event)
	}
	return events, nil
}

// expire drops what is too old. It runs before every look at the log, so that
// nobody sees an event past its age.
func (s *Store) expire(now time.Time) {
	for s.age > 0 && s.base < s.top && now.Sub(s.slot(s.base+1).Time) > s.age {
		s.base++
		*s.slot(s.base) = store.Event{}
	}
}

// full reports whether the next event would take the slot of one that a follower
// has yet to read.
func (s *Store) full() bool {
	for position := range s.followers {
		if s.top-*position >= s.limit {
			return true
		}
	}
	return false
}

// grow makes room for one more event when every slot is taken and more are allowed.
// A limit that stands for "all of them" costs nothing before there are so many.
func (s *Store) grow() {
	if held := uint64(len(s.slots)); s.top-s.base < held || held == s.limit {
		return
	}
	slots := make([]store.Event, min(2*uint64(len(s.slots)), s.limit))
	for n := s.base + 1; n <= s.top; n++ {
		slots[n%uint64(len(slots))] = *s.slot(n)
	}
	s.slots = slots
}

func (s *Store) slot(n uint64) *store.Event { return &s.slots[n%uint64(len(s.slots))] }
func (s *Store) id(n uint64) store.ID       { return store.ID{Epoch: s.epoch, Major: n} }

// subscribe returns a channel that the next announce closes.
func subscribe(c *chan struct{}) <-chan struct{} {
	if *c == nil {
		*c = make(chan struct{})
	}
	return *c
}

func announce(c *chan struct{}) {
	if *c != nil {
		close(*c)
		*c = nil
	}
}
