package session

import "time"

// timers does one thing whose time has come and reports whether it did. It is
// called until it does nothing; each thing that it does ends or moves the time
// that made it due.
func (s *Session) timers() bool {
	now := s.now.Mono
	if k := s.live; k != nil {
		switch p := k.probe; {
		case p != nil && !p.lost && now >= p.loseAt:
			s.loseSilent()
			return true
		case p != nil && now >= p.abandonAt:
			s.abandonSilent()
			return true
		case now >= k.replay.decideAt():
			s.restarted(k, "", nil)
			return true
		case now >= s.unusuallyQuietAt(k):
			s.unusuallyQuiet(k)
			return true
		case now >= s.nextPing(k):
			s.heartbeatDue()
			return true
		}
	}
	switch {
	case s.dial != nil && s.dial.racing && (s.live == nil || s.live.lost()):
		s.promote() // there is nobody left to race with
	case s.dial != nil && now >= s.dialLimit():
		s.dialLate()
	case now >= s.dialAt():
		s.connect()
	default:
		return false
	}
	return true
}

// next is the earliest moment at which something falls due, or the clocks have to
// be looked at.
func (s *Session) next() time.Duration {
	if every := s.watch(); every > 0 {
		return min(s.due(), s.now.Mono+every)
	}
	return s.due()
}

// watch is how often to look at the clocks; 0 is not at all.
func (s *Session) watch() time.Duration {
	if s.running && !s.away && s.visible {
		return watchEvery
	}
	return 0
}

// due is the earliest moment at which something falls due.
func (s *Session) due() (at time.Duration) {
	if !s.running || s.away {
		return never
	}
	at = never
	if k := s.live; k != nil {
		at = min(at, s.nextPing(k), s.unusuallyQuietAt(k), k.replay.decideAt())
		if p := k.probe; p != nil {
			at = min(at, p.abandonAt)
			if !p.lost {
				at = min(at, p.loseAt)
			}
			if !s.doubted() {
				at = min(at, p.doubtAt)
			}
			if !s.challenged() {
				at = min(at, p.challengeAt)
			}
		}
	}
	if s.dial != nil {
		at = min(at, s.dialLimit())
	}
	at = min(at, s.dialAt())
	return at
}
