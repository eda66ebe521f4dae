package session

import "github.com/wakesocket/wakesocket/wasm/wire"

// A challenger is a socket that is dialed beside a live one which does not
// answer. The first of the two to prove itself wins: the live one by answering
// (answered), the challenger by its first frame or, when it has something to
// replay, by the first frame that brings some of it (promote).

// promote makes the socket that is being made the one that delivers.
func (s *Session) promote() {
	switch old := s.live; {
	case old == nil:
	case old.probe == nil:
		s.abandon(old, wire.CloseNormal, "changed over to a new token")
	default:
		if !old.greeted { // a feed sends long messages in parts, so its silence is no such message
			s.limits.takeovers++
		}
		s.lose(old.probe.cause)
		s.abandon(old, wire.CloseAbandoned, "no sign of life")
	}
	s.live, s.dial = s.dial, nil
	s.live.racing = false
	s.live.overlaps = s.stream.delivered > s.live.delivered
	s.previous = nil
	s.retry.settle()
}
