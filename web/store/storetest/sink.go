package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// Sink keeps what a follower gets.
type Sink struct {
	mu      sync.Mutex
	grown   chan struct{}
	events  []store.Event
	appends int // calls of Append
	most    int // bytes of one call
	resets  int
	top     store.ID // of the last reset
	trimmed store.ID
}

// NewSink returns an empty sink.
func NewSink() *Sink { return &Sink{} }

// Reset is that of [store.Sink].
func (s *Sink) Reset(top store.ID) { s.change(func() { s.resets++; s.top = top }) }

// Append is that of [store.Sink]. What stores write for themselves is left out.
func (s *Sink) Append(events []store.Event) {
	events = slices.DeleteFunc(slices.Clone(events), func(e store.Event) bool { return store.IsMilestone(e.Topic) })
	s.change(func() {
		s.appends++
		s.events = append(s.events, events...)
		bytes := 0
		for _, event := range events {
			bytes += len(event.Data)
		}
		s.most = max(s.most, bytes)
	})
}

// Share is that of [store.ShareSink].
func (s *Sink) Share([]string, bool, store.ID) {}

// Trim is that of [store.Sink].
func (s *Sink) Trim(base store.ID) { s.change(func() { s.trimmed = base }) }

func (s *Sink) change(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
	if s.grown != nil {
		close(s.grown)
		s.grown = nil
	}
}

// until waits for a condition, which is asked under the sink's lock.
func (s *Sink) until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	timeout := time.After(patience)
	for {
		s.mu.Lock()
		if ok() {
			s.mu.Unlock()
			return
		}
		if s.grown == nil {
			s.grown = make(chan struct{})
		}
		grown := s.grown
		s.mu.Unlock()
		select {
		case <-grown:
		case <-timeout:
			t.Fatalf("timed out waiting until %s", what)
		}
	}
}

// Await waits for so many events in all.
func (s *Sink) Await(t testing.TB, n int) {
	t.Helper()
	s.until(t, fmt.Sprintf("%d events are there", n), func() bool { return len(s.events) >= n })
}

// AwaitReset waits for the first reset.
func (s *Sink) AwaitReset(t testing.TB) {
	t.Helper()
	s.until(t, "there is a reset", func() bool { return s.resets > 0 })
}

// AwaitTrim waits until the id is known to be trimmed.
func (s *Sink) AwaitTrim(t testing.TB, id store.ID) {
	t.Helper()
	s.until(t, id.String()+" is trimmed", func() bool { return s.trimmed.Compare(id) >= 0 })
}

// AwaitAppends waits until Append has been called so many times in all.
func (s *Sink) AwaitAppends(t testing.TB, n int) {
	t.Helper()
	s.until(t, fmt.Sprintf("Append is called %d times", n), func() bool { return s.appends >= n })
}

// MostBytes is the most data that came in one call of Append.
func (s *Sink) MostBytes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

// Events returns what has come.
func (s *Sink) Events() []store.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

// Resets returns how often the sink was reset.
func (s *Sink) Resets() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.resets
}

// Top returns the position of the last reset.
func (s *Sink) Top() store.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.top
}

// Follow lets the sink follow a log until stop, again when the log fails.
func (s *Sink) Follow(t testing.TB, log store.Store, from store.ID) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := run(func() {
		for ctx.Err() == nil {
			follow(ctx, log, s.position(from), s)
		}
	})
	return func() {
		cancel()
		select {
		case <-done:
		case <-time.After(patience):
			t.Error("Follow does not end with its context")
		}
	}
}

// follow follows a log, or its topics one by one where the store is set to that.
func follow(ctx context.Context, log store.Store, from store.ID, sink store.ShareSink) error {
	if f, ok := log.(store.TopicFollower); ok && f.FollowsTopics() {
		return f.FollowTopics(ctx, from, suiteTopics{}, sink)
	}
	return log.Follow(ctx, from, sink)
}

// suiteTopics are those of the suite.
type suiteTopics struct{}

func (suiteTopics) Names() ([]string, bool)  { return []string{"count", "big"}, false }
func (suiteTopics) Changed() <-chan struct{} { return nil }

// position is where to go on.
func (s *Sink) position(from store.ID) store.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.resets > 0 {
		from = s.top
	}
	if n := len(s.events); n > 0 && s.events[n-1].ID.Epoch == from.Epoch {
		from = s.events[n-1].ID
	}
	return from
}
