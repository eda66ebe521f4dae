package session

import (
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// hello is the first frame of a feed that knows our protocol: where the stream
// goes on, and what is missing.
func (s *Session) hello(in Hello) {
	// What a challenger is about to replay may be on its way on the old socket: the
	// first to bring it wins, and no long frame begins anew for nothing.
	race := s.live != nil && in.Resumed && !in.Live
	if s.dial.is(in.Generation) {
		s.dial.racing = race
	}
	k := s.received(in.Generation, !race)
	if k == nil {
		return
	}
	if !k.greeted && k.after != s.stream.cursor && in.Gap != nil {
		// The old socket delivered since the dial: the gap may be none.
		s.live = nil
		s.redial(k)
		return
	}
	k.greeted, k.caughtUp, k.logUnread = true, in.Live, false
	s.greet(in.Heartbeat, in.FirstRetryWindow)
	switch {
	case in.Gap != nil:
		s.emit(*in.Gap)
		s.move(in.Position)
	case in.Resumed:
		// The cursor may be after the one that was dialed with: the other socket
		// delivered meanwhile.
	case k.after != "":
		s.emit(Gap{After: k.after, Reason: wire.GapUnknown})
		s.move(in.Position)
	default:
		s.move(in.Position)
	}
}

// greet takes what a feed asks for.
func (s *Session) greet(heartbeat, firstRetryWindow time.Duration) {
	if heartbeat > 0 && s.opt.Heartbeat > 0 {
		s.heartbeat = max(heartbeat, minOption)
	}
	s.retry.window = min(max(firstRetryWindow, 0), maxWindow)
}

// position is a place in the log that the feed tells. Live false from a feed that
// had sent everything says that it cannot read its log.
func (s *Session) position(in Position) {
	k := s.received(in.Generation, true)
	if k == nil {
		return
	}
	if !k.overlaps { // else the page is further than this socket
		s.move(in.Position)
	}
	k.logUnread = !in.Live && (k.caughtUp || k.logUnread)
	k.caughtUp = in.Live
}

// move sets the cursor without an event.
func (s *Session) move(cursor string) {
	if cursor != s.stream.cursor {
		s.stream.cursor = cursor
		s.emit(Moved{Cursor: cursor})
	}
}
