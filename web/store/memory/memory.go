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
	Events int           // how many events to keep; 4096 when 0
	Age    time.Duration // how long to keep an event; 0 is for ever
}

// Store is a log in memory. It needs no closing.
type Store struct {
	age time.Duration
	now func() time.Time

	mu    sync.Mutex
	epoch string
	slots []slot        // the event with number n lies in slots[n % len]
	base  uint64        // number of the last event that was dropped
	top   uint64        // number of the newest event
	grown chan struct{} // closed at the next event; nil while nobody waits

	followers map[*uint64]struct{} // number of the last event that each has taken
	taken     sync.Cond            // signalled when one of them goes on
}

type slot struct {
	event store.Event
	at    time.Time
}

// New returns an empty log with an epoch of its own.
func New(options Options) *Store {
	if options.Events <= 0 {
		options.Events = 4096
	}
	s := &Store{
		age:       options.Age,
		now:       time.Now,
		epoch:     store.NewEpoch(),
		slots:     make([]slot, options.Events),
		followers: map[*uint64]struct{}{},
	}
	s.taken.L = &s.mu
	return s
}

var _ store.Store = (*Store)(nil)

// Publish appends an event; it fails only for a topic that is not one. It waits
// for followers that would otherwise lose the event whose slot it needs: a burst
// longer than the log must not look like a gap to a feed in the same process.
func (s *Store) Publish(_ context.Context, topic string, data []byte) (store.ID, error) {
	if err := store.CheckTopic(topic); err != nil {
		return store.ID{}, err
	}
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.lapping() {
		s.taken.Wait()
	}
	s.top++
	id := s.id(s.top)
	*s.slot(s.top) = slot{store.Event{ID: id, Topic: topic, Data: data}, now}
	s.base = max(s.base, s.top-min(s.top, uint64(len(s.slots))))
	s.expire(now)
	if s.grown != nil {
		close(s.grown)
		s.grown = nil
	}
	return id, nil
}

// Bounds tells what the log holds.
func (s *Store) Bounds(context.Context) (store.Bounds, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(s.now())
	return store.Bounds{Base: s.id(s.base), Top: s.id(s.top)}, nil
}

// After reads events behind id.
func (s *Store) After(_ context.Context, id store.ID, limit int) ([]store.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(s.now())
	return s.read(id, limit)
}

// Follow hands events to the sink as they are published.
func (s *Store) Follow(ctx context.Context, from store.ID, sink store.Sink) error {
	var base, at uint64
	s.mu.Lock()
	if at = s.top; from.Epoch == s.epoch && from.Major >= s.base && from.Major <= s.top {
		at = from.Major
	}
	s.followers[&at] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.followers, &at)
		s.taken.Broadcast()
		s.mu.Unlock()
	}()
	for {
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
		at = from.Major
		s.taken.Broadcast()
		var wait chan struct{}
		if len(events) == 0 {
			if s.grown == nil {
				s.grown = make(chan struct{})
			}
			wait = s.grown
		}
		trimmed := s.base
		s.mu.Unlock()

		if reset {
			sink.Reset(from)
		}
		if len(events) > 0 {
			sink.Append(events)
		}
		if trimmed > base {
			base = trimmed
			sink.Trim(s.id(base))
		}
		if wait == nil {
			continue
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

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
	n := min(uint64(max(limit, 0)), s.top-id.Major)
	if n == 0 {
		return nil, nil
	}
	events := make([]store.Event, 0, n)
	for i := range n {
		events = append(events, s.slot(id.Major+1+i).event)
	}
	return events, nil
}

// expire drops what is too old. It runs before every look at the log, so that
// nobody sees an event past its age.
func (s *Store) expire(now time.Time) {
	for s.age > 0 && s.base < s.top && now.Sub(s.slot(s.base+1).at) > s.age {
		s.base++
		*s.slot(s.base) = slot{}
	}
}

// lapping reports whether the next event would take the slot of one that a
// follower has yet to take.
func (s *Store) lapping() bool {
	for at := range s.followers {
		if s.top-*at >= uint64(len(s.slots)) {
			return true
		}
	}
	return false
}

func (s *Store) slot(n uint64) *slot  { return &s.slots[n%uint64(len(s.slots))] }
func (s *Store) id(n uint64) store.ID { return store.ID{Epoch: s.epoch, Major: n} }
