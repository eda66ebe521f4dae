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
//
// Ids may also be the names of things, such as "AAPL", each with one new value after
// another. That is seen when a socket which has brought new events brings other
// content under an id that it does not count up to. Each is an event then; only what
// a new socket begins with can be a replay.

const (
	// holdTime is how long events are withheld in doubt. A replay is much faster than
	// a live feed, so each event of a quick one gives it a little more.
	holdTime     = time.Second
	holdPerEvent = 10 * time.Millisecond
	maxHoldTime  = 10 * time.Second
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
	return r.since + min(holdTime+time.Duration(len(r.held))*holdPerEvent, maxHoldTime)
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
	k.overlaps = k.overlaps && id != t.cursor
	switch {
	case known && k.greeted:
		return reject // its feed says what it replays
	case known && t.isKey(k, before, d.content):
		t.keyed = true
		return accept
	case known && !before.same(d.content), len(r.held) == maxHeld:
		return anew
	case id == t.cursor:
		return again
	case known && len(r.held) == 0 && before.generation != k.generation && before.at >= k.dialedAt:
		return reject // the other socket brought it after this one was dialed
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
// what was held. id is the event that shows it, "" for none. The last held events
// may be of the burst that is being judged: mask is theirs.
func (s *Session) restarted(k *socket, id string, mask []bool) {
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
	t.restarts++
	earlier := make([]bool, len(held)-len(mask))
	s.releaseTo(earlier, held[:len(earlier)])
	if len(earlier) > 0 {
		s.emit(Release{Mask: earlier, Cursor: t.cursor})
	}
	s.releaseTo(mask, held[len(earlier):])
}

// releaseTo marks which of the held events the page gets: a server may have sent
// one twice.
func (s *Session) releaseTo(mask []bool, held []heldEvent) {
	for i, e := range held {
		_, known := s.stream.recent.known[e.id]
		mask[i] = e.id == "" || !known
		if e.id != "" && !known {
			s.stream.deliver(e.id, e.delivery)
		}
	}
}

// endReplay decides about what a socket has brought, since it brings no more. What
// says the same as before is no loss; the rest the page gets.
func (s *Session) endReplay(k *socket) {
	for _, e := range k.replay.held {
		before, known := s.stream.recent.known[e.id]
		if !known || before.content == "" || before.content != e.content {
			s.restarted(k, "", nil)
			return
		}
	}
	s.dropHeld(k, 0)
}

// dropHeld forgets what was held: the page has it. The last inBurst of these
// events are of the burst that is being judged.
func (s *Session) dropHeld(k *socket, inBurst int) {
	if earlier := len(k.replay.held) - inBurst; earlier > 0 {
		s.emit(Release{Mask: make([]bool, earlier), Cursor: s.stream.cursor})
	}
	k.replay.held = nil
}
