package session

import (
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

const (
	// drain is how long after a wake frames may still come out of a buffer that
	// was filled before it.
	drain = 250 * time.Millisecond
	// wakeGrace bounds the wait for an answer after a wake from below.
	wakeGrace = 150 * time.Millisecond
	// pingGap keeps several wake signals of one wake from sending a ping each.
	pingGap = 100 * time.Millisecond

	// Silence is a sign on a feed that speaks often: after quietFactor times its
	// usual pause, but not before quietMin.
	quietFactor = 8
	quietMin    = time.Second
	quietBursts = 8
	quietGrace  = 500 * time.Millisecond

	maxPings = 8
)

func (s *Session) ping(k *socket) {
	s.emit(Ping{Generation: k.gen})
	k.lastPing = s.now.Mono
	if len(k.pings) == maxPings { // a server that answers only some of them
		k.pings = k.pings[1:]
	}
	k.pings = append(k.pings, s.now.Mono)
}

// question asks the live socket for a sign of life. An earlier question stays
// open: asking again never gives a dead socket more time.
func (s *Session) question(c check) {
	k := s.live
	if old := k.check; old != nil {
		c.cause = old.cause
		c.shown = c.shown || old.shown
		c.excused = c.excused || old.excused
		c.repeated = c.repeated || old.repeated
		c.proofFrom = max(c.proofFrom, old.proofFrom)
		c.suspectAt = min(c.suspectAt, old.suspectAt)
		c.giveUpAt = min(c.giveUpAt, old.giveUpAt)
	}
	k.check = &c
	if s.opt.Heartbeat > 0 && (len(k.pings) == 0 || s.now.Mono-k.lastPing >= pingGap) {
		s.ping(k)
	}
}

// beatCheck is the question of the ordinary heartbeat: any frame answers it.
func (s *Session) beatCheck(grace time.Duration) check {
	now := s.now.Mono
	grace = max(grace, min(s.rtt.lostTwice(), s.opt.HeartbeatTimeout/2))
	return check{cause: wire.CauseSilence, proofFrom: now, suspectAt: now + grace, giveUpAt: now + s.opt.HeartbeatTimeout}
}

// suspect reports whether the live socket took too long to answer.
func (s *Session) suspect() bool {
	return s.live != nil && s.live.check != nil && s.now.Mono >= s.live.check.suspectAt
}

// nextPing is when the ordinary heartbeat is due.
func (s *Session) nextPing(k *socket) time.Duration {
	if s.opt.Heartbeat == 0 || k.check != nil {
		return never
	}
	at := k.lastPing + s.beat
	if s.visible {
		at = min(at, max(k.lastIn, k.lastPing)+min(s.opt.VisibleHeartbeat, s.beat))
	}
	return at
}

// pace learns the usual pause between bursts of events.
func (k *socket) pace(now time.Duration) {
	if k.bursts > 0 {
		k.learn(now - k.lastBurst)
	}
	k.bursts++
	k.lastBurst = now
}

func (k *socket) learn(pause time.Duration) {
	if k.pause == 0 {
		k.pause = pause
	}
	k.pause += (pause - k.pause) / 8
}

// quietAt is when silence becomes a sign, after Hayashibara's accrual detection.
func (s *Session) quietAt(k *socket) time.Duration {
	quiet := max(quietFactor*k.pause, quietMin)
	if !s.visible || s.opt.Heartbeat == 0 || k.hushed || k.bursts < quietBursts || quiet >= s.opt.VisibleHeartbeat {
		return never
	}
	return k.lastIn + quiet
}

// due does one thing whose time has come and reports whether it did.
func (s *Session) due() bool {
	now := s.now.Mono
	if k := s.live; k != nil {
		switch {
		case k.check != nil && now >= k.check.giveUpAt:
			s.lost(k.check.cause)
			s.abandon(k, codeAbandoned, "no answer to a ping")
			if s.dial == nil && s.retryAt <= now && !s.online {
				s.schedule()
			}
			return true
		case now >= s.quietAt(k):
			k.hushed = true
			k.learn(now - k.lastBurst)
			s.question(s.beatCheck(s.rtt.grace(quietGrace, time.Second)))
			return true
		case now >= s.nextPing(k):
			grace := s.opt.ChallengeAfter
			if s.rtt.known() {
				grace = s.rtt.grace(grace, s.opt.HeartbeatTimeout)
			}
			s.question(s.beatCheck(grace))
			return true
		}
	}
	if s.live == nil && s.dial != nil && s.dial.greeted {
		s.promote() // nobody is left to race with
		return true
	}
	if s.dial != nil && now >= s.dialLimit() {
		s.dialOverdue()
		return true
	}
	if s.wantsDial() && s.dial == nil && now >= s.retryAt {
		s.connect()
		return true
	}
	return false
}

// next is the earliest moment at which something falls due.
func (s *Session) next() time.Duration {
	if !s.running || s.away {
		return never
	}
	at := never
	if s.visible {
		at = s.now.Mono + watchEvery
	}
	if k := s.live; k != nil {
		at = min(at, s.nextPing(k), s.quietAt(k))
		if c := k.check; c != nil {
			at = min(at, c.giveUpAt)
			if !s.suspect() {
				at = min(at, c.suspectAt)
			}
		}
	}
	if s.dial != nil {
		at = min(at, s.dialLimit())
	} else if s.wantsDial() {
		at = min(at, s.retryAt)
	}
	return at
}
