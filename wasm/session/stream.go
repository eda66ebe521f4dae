package session

import "github.com/wakesocket/wakesocket/wasm/wire"

// stream is what the page has received, over all sockets.
type stream struct {
	cursor      string
	delivered   int // events with an id
	restarts    int // how often the server began its ids anew
	recent      recent
	ascending   int  // deliveries in a row whose number was above the cursor
	keyed       bool // the ids are names of things: the same id comes with each new value
	unordered   bool // the ids are no counter: one came below the cursor for no reason
	consecutive bool // the page says that its ids count without holes
}

// surelyAscending is how many ascending ids make a counter.
const surelyAscending = 16

func newStream(o Options) stream {
	return stream{cursor: o.After, consecutive: o.ConsecutiveIDs, ascending: surelyAscending}
}

// below reports whether an id is a number that a counter has passed.
func (t *stream) below(id string) bool {
	return !t.unordered && isNumber(id) && isNumber(t.cursor) && less(id, t.cursor)
}

// isKey reports whether an id that is known names a thing, so that this is another
// event and not the same once more.
func (t *stream) isKey(k *socket, before delivery, content string) bool {
	switch {
	case !k.replay.begun || len(k.replay.held) > 0:
		return false
	case before.same(content):
		return t.keyed && (before.generation == k.generation || before.at < k.dialedAt)
	}
	return t.keyed || t.ascending < surelyAscending
}

// deliver notes an event that the page gets.
func (t *stream) deliver(id string, d delivery) {
	if isNumber(id) && isNumber(t.cursor) && less(t.cursor, id) {
		t.ascending++
	} else {
		t.ascending = 0
	}
	t.cursor = id
	t.delivered++
	t.recent.add(id, d)
}

// events decides which events of a burst the page gets: each event once, in the
// order of the feed.
func (s *Session) events(in Events) {
	k := s.received(in.Generation, true)
	mask := make([]bool, len(in.IDs))
	if k == nil {
		s.emit(Deliver{Mask: mask, Cursor: s.stream.cursor})
		return
	}
	held := 0 // of the events just before
	for i, id := range in.IDs {
		d := delivery{generation: k.generation, at: s.now.Mono}
		if i < len(in.Contents) {
			d.content = in.Contents[i]
		}
		switch s.judge(k, id, d) {
		case hold:
			k.replay.hold(id, d)
			held++
			continue
		case accept:
			s.accept(k, id, d)
			mask[i] = true
		case anew:
			s.restarted(k, id, mask[i-held:i])
			s.accept(k, id, d)
			mask[i] = true
		case again:
			s.dropHeld(k, held)
		case reject:
		}
		held = 0
	}
	k.interval.burst(s.now.Mono)
	s.emit(Deliver{Mask: mask, Held: held, Cursor: s.stream.cursor})
}

// accept takes an event for the page.
func (s *Session) accept(k *socket, id string, d delivery) {
	k.replay.begun, k.overlaps = true, false
	if id == "" {
		return
	}
	t := &s.stream
	if t.consecutive && !k.greeted && isNumber(id) && isNumber(t.cursor) && less(successor(t.cursor), id) {
		s.emit(Gap{After: t.cursor, Earliest: id, Reason: wire.GapSkipped})
	}
	t.deliver(id, d)
}
