package session

import (
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// phase is how far a socket has come.
type phase int

const (
	resolving phase = iota // its address is being asked for
	dialing                // the handshake is under way
	open                   // the handshake is complete
)

// socket is one generation. A nil socket stands for none.
type socket struct {
	gen       int
	after     string // cursor that it was dialed with,
	delivered int    // and the events delivered by then
	fresh     bool   // with a new token, and since then not proven
	phase     phase
	entered   time.Duration // mono, when the phase began

	greeted  bool // its feed said hello, so it also says when the replay is complete
	caughtUp bool

	openedAt   time.Duration // mono
	lastIn     time.Duration // mono, last sign of life
	lastInWall time.Duration
	lastPing   time.Duration   // mono
	pings      []time.Duration // sent and unanswered, oldest first; negative: no measure of the round trip
	check      *check          // nil when its life is not in question

	lastBurst time.Duration // mono, last events
	bursts    int
	pause     time.Duration // usual time between bursts
	hushed    bool          // this silence has been asked about
}

// check is an open question to a socket: are you alive?
type check struct {
	cause     string
	shown     bool          // the page hears of it at once, not only when it becomes a suspicion
	proofFrom time.Duration // from here on any frame is proof; before, it may have waited in a buffer
	suspectAt time.Duration // then a challenger is dialed
	giveUpAt  time.Duration // then it is abandoned
	excused   bool          // a late input has put the suspicion off
	repeated  bool          // asked again after a late input
}

func (k *socket) is(gen int) bool { return k != nil && k.gen == gen }

func (k *socket) enter(p phase, now time.Duration) { k.phase, k.entered = p, now }

// opened starts the life of a socket whose handshake is complete.
func (s *Session) opened(gen int) {
	k := s.dial
	if !k.is(gen) || k.phase == open {
		return
	}
	if s.now.Mono-k.entered < s.rtt.patience() {
		s.slow = 0 // else the next dial will need its time too
	}
	k.enter(open, s.now.Mono)
	k.openedAt, k.lastIn, k.lastInWall = s.now.Mono, s.now.Mono, s.now.Wall
	if s.opt.Heartbeat == 0 {
		s.promote() // without pings a quiet server may never speak
		k.caughtUp = true
		return
	}
	s.ping(k)
}

// heard notes a frame and returns its socket; nil when the session does not hold
// it. A challenger takes over with its first frame, but with one that brings what
// the page lacks if its feed has said that there is such.
func (s *Session) heard(gen int, brings bool) *socket {
	k := s.live
	if !k.is(gen) {
		if k = s.dial; !k.is(gen) || k.phase != open {
			return nil
		}
		if s.delivered-k.delivered > ringSize {
			s.askAgain(k) // its replay would hold events that are no longer remembered
			return nil
		}
		if brings || !k.greeted {
			s.promote()
		}
	}
	k.lastIn, k.lastInWall, k.hushed = s.now.Mono, s.now.Wall, false
	k.caughtUp = k.caughtUp || !k.greeted
	if k.lastIn-k.openedAt >= s.opt.MinUptime {
		s.attempt, s.refreshed, k.fresh = 0, false, false
	}
	if k.check != nil && s.now.Mono >= k.check.proofFrom {
		s.acquit(k)
	}
	return k
}

func (s *Session) pong(gen int) {
	k := s.heard(gen, false)
	if k == nil {
		return
	}
	if len(k.pings) > 0 {
		if sent := k.pings[0]; sent >= 0 {
			// An outage is no round trip; a link that stays slow is learned all the same.
			s.rtt.add(min(s.now.Mono-sent, max(s.opt.ChallengeAfter, 2*s.rtt.smoothed)))
			s.emit(RTT{Smoothed: s.rtt.smoothed})
		}
		k.pings = k.pings[1:]
	}
	// Answers come in order, so the last one is fresh whatever waited in a buffer.
	if len(k.pings) == 0 && k.check != nil {
		s.acquit(k)
	}
}

// acquit ends the doubt about the live socket, and with it the need for a challenger.
func (s *Session) acquit(k *socket) {
	if s.suspect() {
		k.lastBurst = s.now.Mono // an outage is no usual pause
	}
	k.check = nil
	s.retryAt, s.advised, s.trouble = 0, false, ""
	if s.dial != nil {
		s.abandon(s.dial, codeNormal, "not needed")
		s.dial = nil
	}
}

// promote makes the socket that spoke first the one that delivers.
func (s *Session) promote() {
	if old := s.live; old != nil {
		s.lost(old.check.cause)
		s.abandon(old, codeAbandoned, "no sign of life")
	}
	s.live, s.dial = s.dial, nil
	s.loss, s.trouble, s.advised, s.retryAt = nil, "", false, 0
}

// lost takes the live socket away and remembers how it ended.
func (s *Session) lost(cause string) {
	k := s.live
	s.live = nil
	s.loss = &loss{cause: cause, up: k.lastIn - k.openedAt, at: k.lastInWall}
	if k.lastIn-k.openedAt < s.opt.MinUptime {
		s.failed()
	}
}

func (s *Session) abandon(k *socket, code int, reason string) {
	s.emit(Abandon{Generation: k.gen, Code: code, Reason: reason})
}

// closed is the end of a socket that the session did not end itself.
func (s *Session) closed(in Closed) {
	if s.opt.Heartbeat == 0 {
		s.heard(in.Generation, false) // without pings the end itself is the last sign of life
	}
	advice, advised := wire.ParseAdvice(in.Reason)
	fresh := s.live.is(in.Generation) && s.live.fresh || s.dial.is(in.Generation) && s.dial.fresh
	woken := s.live.is(in.Generation) && s.live.check != nil && s.live.check.shown
	switch {
	case s.live.is(in.Generation):
		cause := wire.CauseClosed
		if in.Code == codeAbnormal {
			cause = wire.CauseReset
		}
		if c := s.live.check; c != nil {
			cause = c.cause
		}
		s.lost(cause)
	case s.dial.is(in.Generation):
		if s.dial.phase == open && in.Code != codeAbnormal {
			s.trouble = refusal(in.Code, in.Reason)
		} else {
			s.trouble = "no connection"
		}
		s.failed()
		s.dial = nil
	default:
		return
	}
	switch {
	case permanent(in.Code) || in.Code == codeUnauthorized && fresh:
		s.stop(refusal(in.Code, in.Reason))
	case in.Code == codeUnauthorized && (s.dial == nil || !s.dial.fresh):
		s.refreshed = true
		if s.dial != nil {
			s.abandon(s.dial, codeNormal, "dial made again with a new token")
		}
		s.connect()
	case s.dial != nil:
		// The challenger takes over.
	case advised:
		s.advised = true
		s.retryAt = max(s.now.Mono+advice, s.lastDial+dialGap)
	case woken && s.online:
		// A browser that closed it while the page slept says so only now: the wake goes on.
		s.retryAt = max(s.now.Mono, s.lastDial+dialGap)
	default:
		if s.attempt == 0 && (in.Code == codeTryLater || in.Code == codeTooMany) {
			s.failed()
		}
		s.schedule()
	}
}
