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
	generation int
	after      string        // cursor that it was dialed with,
	delivered  int           // and the events delivered by then,
	restarts   int           // and the restarts of ids
	dialedAt   time.Duration // mono
	fresh      bool          // with a new token, and since then not proven
	phase      phase         //
	entered    time.Duration // mono, when the phase began

	spoke     bool // a frame has come
	greeted   bool // its feed said hello, so it also says when the replay is complete
	racing    bool // its hello promised a replay: it takes over with the first of it
	overlaps  bool // the socket before delivered events that this one has yet to bring
	caughtUp  bool // nothing is left to replay
	logUnread bool // its server said that it cannot read its log

	expiresAt time.Duration // mono, when the permission ends; 0 when that is not announced
	changeAt  time.Duration // mono, when the next dial of the changeover is due

	openedAt      time.Duration // mono
	lastFrame     time.Duration // mono, last sign of life
	lastFrameWall time.Duration
	lastPing      time.Duration   // mono
	pings         []time.Duration // sent and unanswered, oldest first; negative: no measure of the round trip
	probe         *probe          // nil when its life is not in doubt
	interval      interval
	replay        replay
}

func (k *socket) is(generation int) bool { return k != nil && k.generation == generation }

func (k *socket) enter(p phase, now time.Duration) { k.phase, k.entered = p, now }

// opened is a complete handshake.
func (s *Session) opened(generation int) {
	k := s.dial
	if !k.is(generation) || k.phase == open {
		return
	}
	if s.now.Mono-k.entered < s.rtt.dialPatience() {
		s.limits.handshakes = 0 // else the next dial will need its time too
	}
	k.enter(open, s.now.Mono)
	k.openedAt, k.lastFrame, k.lastFrameWall = s.now.Mono, s.now.Mono, s.now.Wall
	if s.opt.Heartbeat == 0 {
		s.promote() // without pings a quiet server may never speak
		k.spoke, k.caughtUp = true, true
		return
	}
	s.ping(k)
}

// received notes a frame and returns its socket; nil when the session does not
// hold it. A challenger takes over with its first frame; where its feed promised
// a replay, with the first frame that brings some of it.
func (s *Session) received(generation int, brings bool) *socket {
	k := s.live
	if !k.is(generation) {
		if k = s.dial; !k.is(generation) || k.phase != open {
			return nil
		}
		takesOver := brings || !k.racing
		if s.live != nil && takesOver {
			s.endReplay(s.live)
		}
		if s.stream.delivered-k.delivered > recentSize || s.stream.restarts != k.restarts {
			s.redial(k) // its replay would begin at a place that is no longer remembered
			return nil
		}
		if takesOver {
			s.promote()
		}
	}
	s.limits.spoke(k.silence(s.now.Mono))
	k.lastFrame, k.lastFrameWall = s.now.Mono, s.now.Wall
	k.interval.asked = false
	if !k.greeted {
		k.caughtUp = true
	}
	if !k.spoke {
		k.spoke = true
		s.previous = nil
	}
	s.prove(k)
	if k.probe != nil && s.now.Mono >= k.probe.proofFrom {
		s.answered(k)
	}
	return k
}

// silence is how long the socket has let the session wait for this frame.
func (k *socket) silence(now time.Duration) time.Duration {
	switch {
	case !k.spoke:
		return now - k.openedAt
	case k.probe != nil:
		return now - k.probe.askedAt
	}
	return 0
}

func (s *Session) pong(generation int) {
	k := s.received(generation, false)
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
	// Answers come in order, so the last one is new whatever waited in a buffer.
	if len(k.pings) == 0 && k.probe != nil {
		s.answered(k)
	}
}

// proveByTime proves a quiet live socket by the time that it has been open, unless
// its life is in doubt.
func (s *Session) proveByTime() {
	if k := s.live; k != nil && k.spoke && k.probe == nil {
		s.prove(k)
	}
}

// prove forgets failures once a socket has lived for long enough.
func (s *Session) prove(k *socket) {
	up := s.now.Mono - k.openedAt
	if up >= s.opt.MinUptime {
		s.retry.failures, s.retry.fresh, k.fresh = 0, false, false
	}
	if up >= steadyAfter {
		s.limits.takeovers = 0
	}
}

// lose takes the live socket away and remembers how it ended.
func (s *Session) lose(cause string) {
	k := s.live
	s.live = nil
	s.endReplay(k)
	if !k.spoke {
		return // its failure was counted when its first frame was late
	}
	up := k.lastFrame - k.openedAt
	s.previous = &ended{cause: cause, up: up, at: k.lastFrameWall}
	if up < s.opt.MinUptime {
		s.failed()
	}
}

// abandon gives a socket up. Its close event is not waited for.
func (s *Session) abandon(k *socket, code int, reason string) {
	s.endReplay(k)
	s.emit(Abandon{Generation: k.generation, Code: code, Reason: reason})
}

// previousOf is what a dial tells the server of the connection before.
func (s *Session) previousOf() *wire.Previous {
	last := s.previous
	if k := s.live; last == nil && k != nil && k.spoke && k.probe != nil {
		last = &ended{cause: k.probe.cause, up: k.lastFrame - k.openedAt, at: k.lastFrameWall}
	}
	if last == nil {
		return nil
	}
	return &wire.Previous{Cause: last.cause, Up: last.up, Down: max(0, s.now.Wall-last.at)}
}
