package feed

import (
	"context"
	"errors"
	"sync"
	"time"
)

// share is the part of the log that the clients of this process can want. The store
// follows no other topics.
//
// A client claims the topics that it wants, and is not served before the ring is given
// their events: so what it may have, the ring has, or the log from the client's position
// on.
type share struct {
	ring    *ring
	changed chan struct{} // for the store

	mu     sync.Mutex
	wishes map[string]*wish // by topic or pattern; everyTopic for all
	grown  chan struct{}    // closed when the ring follows other names
}

// wish is a name that clients want, or wanted a short while ago.
type wish struct {
	clients int
	left    time.Time // when the last one went
}

const (
	// lingering is how long a name is followed that nobody wants any more: a client that
	// comes back finds it, and the store need not change what it follows.
	lingering = time.Minute
	// claimTimeout bounds the wait for a store that has to follow more names.
	claimTimeout = 2 * time.Second
)

var errNotFollowed = errors.New("feed: the log cannot be followed for more topics at the moment")

func newShare(r *ring) *share {
	return &share{ring: r, changed: make(chan struct{}, 1), wishes: map[string]*wish{}, grown: make(chan struct{})}
}

// Names are what the store should follow.
func (s *share) Names() (names []string, all bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for name, w := range s.wishes {
		switch {
		case w.over(now):
			delete(s.wishes, name)
		case name == everyTopic:
			all = true
		default:
			names = append(names, name)
		}
	}
	return names, all
}

// Changed gets a value when there are other names.
func (s *share) Changed() <-chan struct{} { return s.changed }

func (w *wish) over(now time.Time) bool { return w.clients == 0 && now.Sub(w.left) >= lingering }

// add has the names followed, until they are let go of.
func (s *share) add(names map[string]struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	more := false
	for name := range names {
		w := s.wishes[name]
		if w == nil {
			w, more = &wish{}, true
			s.wishes[name] = w
		}
		w.clients++
	}
	if more {
		s.change()
	}
}

func (s *share) letGo(names map[string]struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range names {
		if w := s.wishes[name]; w.clients == 1 {
			w.clients, w.left = 0, time.Now()
		} else {
			w.clients--
		}
	}
}

func (s *share) change() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// await returns when the ring is given the events of the names.
func (s *share) await(ctx context.Context, names map[string]struct{}) error {
	tooLong := time.NewTimer(claimTimeout)
	defer tooLong.Stop()
	for {
		s.mu.Lock()
		grown := s.grown
		s.mu.Unlock()
		if s.ring.follows(names) {
			return nil
		}
		select {
		case <-grown:
		case <-tooLong.C:
			return errNotFollowed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// announce lets those go on who wait for names that the ring follows by now.
func (s *share) announce() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.grown)
	s.grown = make(chan struct{})
}

// tidy has the store let go of names that nobody wants any more.
func (s *share) tidy(ctx context.Context) {
	ticker := time.NewTicker(lingering / 6)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		s.mu.Lock()
		now := time.Now()
		for _, w := range s.wishes {
			if w.over(now) {
				s.change()
				break
			}
		}
		s.mu.Unlock()
	}
}
