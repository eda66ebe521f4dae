package snapshot

import (
	"fmt"
	"slices"

	"github.com/wakesocket/wakesocket/wasm/internal/position"
)

// holding reports whether events are kept until the snapshot has come.
func (s *Stream[E]) holding() bool { return !s.overflow && (s.phase == loading || s.phase == fitting) }

func (s *Stream[E]) hold(item Item[E]) {
	if !s.holding() {
		s.from = s.position
		return
	}
	s.held = append(s.held, item)
	s.bytes += item.Size
	if len(s.held) <= s.limits.Events && s.bytes <= s.limits.Bytes {
		return
	}
	if s.phase == loading {
		s.begin(Overflow)
	}
	s.held, s.overflow, s.from = nil, true, s.position
}

// fit gives the snapshot if it fits, or does what is needed for that.
func (s *Stream[E]) fit() {
	if s.phase != fitting {
		return
	}
	if s.resumed {
		if s.live {
			s.accept(0)
		}
		return
	}
	at := s.loaded.At
	// What a server passed over before it was asked to begin at the snapshot cannot be
	// counted.
	if n := s.heldUpTo(at); n >= 0 && !s.host.Chooses() {
		s.accept(n)
		return
	}
	if !s.live {
		return // the feed may still be told of another epoch
	}
	stands := position.Unknown
	if s.position != "" {
		stands = position.Relate(at, s.position, s.greeted)
	}
	switch stands {
	case position.Foreign:
		s.fail(fmt.Sprintf("its position %q is none of this feed, which is at %q; At must be read from the log of this feed, before the state", at, s.position), nil)
	case position.After:
		s.await()
	default:
		s.resume()
	}
}

// await waits for a feed that is before the snapshot. That is usual for a moment, or
// when the feed brings few topics.
func (s *Stream[E]) await() {
	if s.due == never {
		s.due = s.clock() + patience
	}
	if !s.asked {
		s.asked = true
		s.host.Ask()
	}
}

// heldUpTo is how many of the held events a snapshot at this position includes, when
// no event is missing after it; else -1.
func (s *Stream[E]) heldUpTo(at string) int {
	if at == s.position {
		return len(s.held)
	}
	if at == s.from {
		return 0
	}
	last := len(s.held) - 1
	for ; last >= 0; last-- {
		if id := s.held[last].ID; id == at || id != "" && position.Relate(at, id, s.greeted) == position.After {
			break
		}
	}
	switch {
	case last >= 0 && s.held[last].ID == at:
		return last + 1
	case position.Relate(at, s.position, s.greeted) != position.Before:
		return -1
	case last >= 0 || position.Relate(at, s.from, s.greeted) == position.After:
		return last + 1
	}
	return -1
}

// accept gives the snapshot, and the held events but the first ones, which it
// includes.
func (s *Stream[E]) accept(included int) {
	rest := slices.Clone(s.held[included:])
	s.show()
	s.forget()
	s.wanted, s.attempt, s.failure, s.phase, s.due = false, 0, "", given, never
	if len(rest) > 0 {
		s.host.Deliver(rest, true)
	}
}

func (s *Stream[E]) show() {
	if !s.shown {
		s.shown = true
		s.host.Give(*s.loaded)
	}
}

// resume makes the feed go back to the snapshot.
func (s *Stream[E]) resume() {
	at := s.loaded.At
	s.held, s.bytes, s.due = nil, 0, never
	s.resumed, s.live = true, false
	s.position, s.from = at, at
	s.host.Resume(at)
}
