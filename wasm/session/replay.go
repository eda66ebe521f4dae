package session

import (
	"slices"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// A plain server says nothing but events, so two things look alike at first:
//
//	a full replay     it sends again what the page has, and goes on from there
//	a counter anew    it was restarted and numbers other events from 1
//
// An id that the page has is withheld while it can be a replay, and decided soon:
//
//	its content differs                      the counter began anew
//	the cursor comes up within holdTime      a replay: what was held is dropped
//	an id that is new comes up before it     the counter began anew
//	nothing is decided within holdTime       the counter began anew
//
// The page is told of a counter that began anew as a gap with the reason
// "restarted", and gets what was held. The same goes for a number below the
// cursor that is no longer remembered, on ids that have counted up so far.

const (
	// holdTime is how long events are withheld in doubt.
	holdTime = time.Second
	// repeatTime is how soon after an event the same server may send it twice.
	repeatTime = time.Second
	// maxHeld bounds what the driver keeps.
	maxHeld = 1 << 16
)

// replay is what a socket has brought that the page may have already.
type replay struct {
	begun bool // the socket has brought something new
	since time.Duration
	held  []heldEvent
}

type heldEvent struct {
	id string
	delivery
}

func (r *replay) hold(id string, d delivery) {
	if len(r.held) == 0 {
		r.since = d.at
	}
	r.held = append(r.held, heldEvent{id, d})
}

// decideAt is when events have been held for long enough.
func (r *replay) decideAt() time.Duration {
	if len(r.held) == 0 {
		return never
	}
	return r.since + holdTime
}

// decision is about one event.
type decision int

const (
	accept decision = iota // the page gets it
	reject                 // the page has it
	hold                   // it is not known yet
	anew                   // the counter began anew: the page gets it, and what is held
	again                  // a replay: the page has it, and what is held
)

func (s *Session) judge(k *socket, id string, d delivery) decision {
	r, t := &k.replay, &s.stream
	if id == "" {
		if len(r.held) > 0 {
			return hold // or it would overtake the others
		}
		return accept
	}
	before, known := t.recent.known[id]
	switch {
	case known && k.greeted:
		return reject // its feed says what it replays
	case known && !before.same(d.content), len(r.held) == maxHeld:
		return anew
	case known && id == t.cursor:
		return again
	case known && len(r.held) == 0 && before.generation == k.generation && d.at-before.at < repeatTime:
		return reject
	case known, len(r.held) > 0 && t.below(id):
		return hold
	case len(r.held) > 0:
		return anew
	case k.greeted || !t.below(id):
		return accept
	case !r.begun || t.ascending >= surelyAscending:
		return hold
	}
	t.unordered = true
	return accept
}

// restarted tells the page that the server has begun its ids anew, and gives it
// what was held. id is the event that shows it, "" for none; the last inBurst of
// the held events are of the burst that is being judged.
func (s *Session) restarted(k *socket, id string, inBurst int) {
	held, t := k.replay.held, &s.stream
	k.replay = replay{begun: true}
	for _, e := range slices.Backward(held) {
		if e.id != "" {
			id = e.id
		}
	}
	s.emit(Gap{After: t.cursor, Earliest: id, Reason: wire.GapRestarted})
	t.recent.forget()
	t.ascending = 0
	cursor := t.cursor
	for i, e := range held {
		if e.id != "" {
			t.deliver(e.id, e.delivery)
		}
		if i < len(held)-inBurst {
			cursor = t.cursor
		}
	}
	if len(held) > inBurst {
		s.emit(Release{Deliver: true, Cursor: cursor})
	}
}

// dropHeld forgets what was held: the page has it. The last inBurst of these
// events are of the burst that is being judged.
func (s *Session) dropHeld(k *socket, inBurst int) {
	if len(k.replay.held) > inBurst {
		s.emit(Release{Cursor: s.stream.cursor})
	}
	k.replay.held = nil
}
