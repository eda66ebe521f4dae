package session

import (
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// overslept is the wake that no event announces: time went missing between two
// inputs.
func (s *Session) overslept(lost gap) {
	if s.advised { // the server meant real time
		s.retryAt -= lost.jump
	}
	switch {
	case lost.jump > 0:
		s.wake(wire.CauseSleep, lost.jump, lost.jump >= longSleep)
	case s.visible:
		s.wake(wire.CauseSleep, lost.late, lost.late >= longSleep)
	case s.live != nil && s.live.check != nil && !s.live.check.repeated:
		// A hidden page's timers are throttled and its frames are not, so an answer
		// had its chance; but if the page was frozen, the answer may still be queued:
		// it is asked once more. A dial is left to its own deadline: this very input
		// may be its success.
		hard := s.now.Mono >= s.live.check.giveUpAt
		s.test(wire.CauseSilence, lost.late, hard, s.now.Mono)
		s.live.check.repeated = true
	}
}

// excuse keeps a stall of the page, too short for a sleep, from making a suspect
// of a socket whose answer lies behind this late input; once a question.
func (s *Session) excuse(last, deadline time.Duration) {
	if s.live == nil || s.live.check == nil || s.now.Mono-deadline < stall {
		return
	}
	if c := s.live.check; !c.excused && c.suspectAt > last && s.suspect() {
		c.excused = true
		c.suspectAt = s.now.Mono + s.rtt.grace(wakeGrace, time.Second)
	}
}

// wake is the one path for every sign that time may have been lost. slept is how
// much is known to be missing; hard says that the connection is probably dead.
//
// Waiting ends now. A dial that was under way when the machine slept is made
// again. An open socket is put to the test: whoever answers a fresh ping is left
// alone, whoever does not gets a challenger within a grace of about two round
// trips, or at once when it is probably dead.
func (s *Session) wake(cause string, slept time.Duration, hard bool) {
	if !s.running {
		return
	}
	now := s.now.Mono
	if s.away {
		s.away, s.retryAt = false, now
		return
	}
	soonest := max(now, s.lastDial+dialGap)
	if slept > 0 {
		soonest = now
	}
	if hard || slept > 0 {
		s.slow = 0
	}
	if k := s.dial; k != nil && (slept > 0 || hard && now-k.entered >= dialGap) {
		s.abandon(k, codeNormal, "dial made again after a wake")
		s.dial = nil
		s.retryAt = now
	}
	if s.live == nil {
		if !s.advised && s.dial == nil {
			s.retryAt = min(s.retryAt, soonest)
		}
		return
	}
	s.test(cause, slept, hard, soonest)
}

// test puts the live socket in question.
func (s *Session) test(cause string, slept time.Duration, hard bool, soonest time.Duration) {
	if s.opt.Heartbeat == 0 && slept == 0 && !hard {
		return // it could not answer
	}
	now, k := s.now.Mono, s.live
	if slept > 0 {
		// The time asleep is neither a round trip nor a missed answer.
		k.check = nil
		for i := range k.pings {
			k.pings[i] = -1
		}
		k.lastPing = min(k.lastPing, now-pingGap)
	}
	c := check{
		cause: cause, shown: true, proofFrom: now + drain,
		suspectAt: now + s.rtt.grace(wakeGrace, time.Second),
		giveUpAt:  now + s.opt.HeartbeatTimeout,
	}
	if hard {
		c.suspectAt = soonest
	}
	if !s.advised {
		s.retryAt = min(s.retryAt, soonest)
	}
	s.question(c)
}
