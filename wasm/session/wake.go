package session

import (
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// What happens on a wake
//
//	a sign: focus, visible, pageshow, online, network  ──► wake
//	no sign, but time is missing between two inputs    ──► timeLost ──► wake
//
//	wake   ends every wait, except for the server's advice.
//	       A dial that was under way when the machine slept is made again.
//	       A live socket is probed: a ping goes out, the page shows "checking".
//	probe  answered within the grace: live again, nothing was torn down.
//	       else: a challenger is dialed, and the first of both to prove itself wins.
//
// A hint is not proof. The challenger is dialed at once, without the grace, only
// after a sleep of a minute, after a sleep over which the network was away, and
// when the user asked for it.

const (
	// bufferTime is how long after a wake frames may still come out of a buffer
	// that was filled before it.
	bufferTime = 250 * time.Millisecond
	// wakeGrace is the least time for an answer after a wake.
	wakeGrace = 150 * time.Millisecond
)

// hint is a sign that time may have been lost, or the network.
type hint struct {
	cause string        // one of wire.Causes
	slept time.Duration // how much time is known to be missing
	moved bool          // the network may be another one
	doubt bool          // the connection is probably dead
}

// refusedInSleep notes a refusal that came while the machine slept. The wake makes
// the dial again before its end is handled, and must not bring the same token.
func (s *Session) refusedInSleep(in Input) {
	if end, is := in.(Closed); is && end.Code == wire.CloseUnauthorized && s.dial.is(end.Generation) {
		s.retry.fresh = true
	}
}

// timeLost is the wake that no event announces: time went missing between two
// inputs.
func (s *Session) timeLost(lost lostTime) {
	if s.retry.serverAdvice { // the server meant real time
		s.retry.at -= lost.jump
	}
	switch k := s.live; {
	case lost.jump > 0:
		s.wake(hint{cause: wire.CauseSleep, slept: lost.jump, doubt: lost.jump >= longSleep})
	case s.visible:
		s.wake(hint{cause: wire.CauseSleep, slept: lost.late, doubt: lost.late >= longSleep})
	case k != nil && k.probe != nil && !k.probe.repeated:
		// A hidden page's timers are throttled and its frames are not, so an answer
		// had its chance; but if the page was frozen, the answer may still be queued:
		// it is asked once more. A dial is left to its own deadline: this very input
		// may be its success.
		h := hint{cause: wire.CauseSilence, slept: lost.late, doubt: s.now.Mono >= k.probe.loseAt}
		s.check(h, s.now.Mono)
		k.probe.repeated = true
	}
}

// allowForStall keeps a stall of the page that is too short for a sleep from
// making a live socket doubted whose answer comes after this late input; once a
// probe. last is the time of the input before.
func (s *Session) allowForStall(last time.Duration) {
	if s.live == nil || s.live.probe == nil || s.now.Mono-s.deadline < stallLimit {
		return
	}
	if p := s.live.probe; !p.extended && p.doubtAt > last && s.doubted() {
		p.extended = true
		p.doubtAt = s.now.Mono + s.rtt.grace(wakeGrace, time.Second)
		p.challengeAt = max(p.challengeAt, p.doubtAt)
	}
}

// wokeUp reports whether the live socket is probed because of a sleep. It hardly
// survives that if the network was away, too.
func (s *Session) wokeUp() bool {
	return s.live != nil && s.live.probe != nil && s.live.probe.cause == wire.CauseSleep
}

// wake is the one path for every hint.
func (s *Session) wake(h hint) {
	if !s.running {
		return
	}
	now := s.now.Mono
	if s.away {
		s.away = false
		if !s.retry.serverAdvice {
			s.retry.at = now
		}
		return
	}
	s.limits.takeovers = 0
	soonest := max(now, s.retry.lastDial+dialGap)
	if h.slept > 0 {
		soonest = now
	}
	if h.moved || h.slept > 0 {
		s.limits.handshakes = 0
	}
	if k := s.dial; k != nil && s.outdated(k, h) {
		s.abandon(k, wire.CloseNormal, "dial made again after a wake")
		s.dial = nil
		s.retry.at = now
	}
	if s.live != nil {
		s.check(h, soonest)
	} else if s.dial == nil && !s.retry.serverAdvice {
		s.retry.at = min(s.retry.at, soonest)
	}
}

// outdated reports whether a dial must be made again: the machine slept, or the
// network changed before the handshake was complete.
func (s *Session) outdated(k *socket, h hint) bool {
	return h.slept > 0 || h.moved && k.phase != open && s.now.Mono-k.entered >= dialGap
}

// check probes the live socket because of a hint. soonest is when a challenger
// may be dialed.
func (s *Session) check(h hint, soonest time.Duration) {
	if s.opt.Heartbeat == 0 && h.slept == 0 && !h.doubt {
		return // it could not answer
	}
	now, k := s.now.Mono, s.live
	if h.slept > 0 {
		// The time asleep is neither a round trip nor a missed answer.
		k.probe = nil
		for i := range k.pings {
			k.pings[i] = -1
		}
		k.lastPing = min(k.lastPing, now-pingGap)
	}
	p := probe{cause: h.cause, shown: true, proofFrom: now + bufferTime, doubtAt: now + s.rtt.grace(wakeGrace, time.Second)}
	if h.doubt {
		p.doubtAt = soonest
	}
	p.challengeAt = p.doubtAt
	if !s.retry.serverAdvice {
		s.retry.at = min(s.retry.at, soonest)
	}
	s.ask(p)
}
