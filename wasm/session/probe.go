package session

import (
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

const (
	// pingGap keeps several wake signals of one wake from sending a ping each.
	pingGap = 100 * time.Millisecond
	// maxPings bounds what is remembered of a server that answers only some pings.
	maxPings = 8
)

// probe is an open question to the live socket: does it still answer?
type probe struct {
	cause       string        // one of wire.Causes
	shown       bool          // the page sees it at once, not only when the answer is late
	askedAt     time.Duration // mono
	proofFrom   time.Duration // from here on any frame is proof; before, it may have waited in a buffer
	doubtAt     time.Duration // then the page sees it in any case
	challengeAt time.Duration // then a challenger is dialed
	loseAt      time.Duration // then the connection counts as lost
	abandonAt   time.Duration // then the socket is given up; until then its answer still counts
	lost        bool          // loseAt has passed
	extended    bool          // a late input has put challengeAt off; once
	repeated    bool          // asked again after a late input; once
}

// lost reports whether the socket was silent for so long that the page no longer
// shows it as open.
func (k *socket) lost() bool { return k.probe != nil && k.probe.lost }

// doubted reports whether the live socket took too long to answer.
func (s *Session) doubted() bool {
	return s.live != nil && s.live.probe != nil && s.now.Mono >= s.live.probe.doubtAt
}

// challenged reports whether it took so long that a challenger is wanted.
func (s *Session) challenged() bool {
	return s.live != nil && s.live.probe != nil && s.now.Mono >= s.live.probe.challengeAt
}

func (s *Session) ping(k *socket) {
	s.emit(Ping{Generation: k.generation})
	k.lastPing = s.now.Mono
	if len(k.pings) == maxPings {
		k.pings = k.pings[1:]
	}
	k.pings = append(k.pings, s.now.Mono)
}

// ask probes the live socket. An earlier probe stays open: asking again never
// gives a dead socket more time.
func (s *Session) ask(p probe) {
	k := s.live
	p.askedAt = s.now.Mono
	p.loseAt = s.now.Mono + s.opt.HeartbeatTimeout
	p.abandonAt = max(s.now.Mono, p.challengeAt) + s.limits.silence(s.opt.HeartbeatTimeout)
	if old := k.probe; old != nil {
		p.cause = old.cause
		p.shown = p.shown || old.shown
		p.extended = p.extended || old.extended
		p.repeated = p.repeated || old.repeated
		p.lost = old.lost
		p.askedAt = old.askedAt
		p.proofFrom = max(p.proofFrom, old.proofFrom)
		p.doubtAt = min(p.doubtAt, old.doubtAt)
		p.challengeAt = min(p.challengeAt, old.challengeAt)
		p.loseAt = min(p.loseAt, old.loseAt)
		p.abandonAt = min(p.abandonAt, old.abandonAt)
	}
	k.probe = &p
	if s.opt.Heartbeat > 0 && (len(k.pings) == 0 || s.now.Mono-k.lastPing >= pingGap) {
		s.ping(k)
	}
}

// heartbeatProbe is the probe of the ordinary heartbeat: any frame answers it.
func (s *Session) heartbeatProbe(grace time.Duration) probe {
	now := s.now.Mono
	grace = max(grace, min(s.rtt.afterTwoLosses(), s.opt.HeartbeatTimeout/2))
	return probe{cause: wire.CauseSilence, proofFrom: now, doubtAt: now + grace, challengeAt: now + s.limits.challenge(grace, s.opt.ChallengeAfter)}
}

// answered ends the doubt about the live socket, and with it the need for a
// challenger.
func (s *Session) answered(k *socket) {
	if s.doubted() {
		k.interval.last = s.now.Mono // an outage is no usual pause
	}
	k.probe = nil
	s.retry.settle()
	s.limits.takeovers = 0
	if s.dial != nil && !s.changing() {
		s.abandon(s.dial, wire.CloseNormal, "not needed")
		s.dial = nil
	}
}

// nextPing is when the ordinary heartbeat is due.
func (s *Session) nextPing(k *socket) time.Duration {
	if s.opt.Heartbeat == 0 {
		return never
	}
	at := k.lastPing + s.heartbeat
	if s.visible && k.probe == nil {
		at = min(at, max(k.lastFrame, k.lastPing)+min(s.opt.VisibleHeartbeat, s.heartbeat))
	}
	return at
}

// heartbeatDue probes the live socket when its ping is due. While a probe is open
// it only pings: a server drops clients that send nothing, and this one may be in
// the middle of a long message to us.
func (s *Session) heartbeatDue() {
	if s.live.probe != nil {
		s.ping(s.live)
		return
	}
	grace := s.opt.ChallengeAfter
	if s.rtt.known() {
		grace = s.rtt.grace(grace, s.opt.HeartbeatTimeout)
	}
	s.ask(s.heartbeatProbe(grace))
}

// loseSilent shows the live socket as lost. It is kept for a while: it may be in
// the middle of a long message, and would be dialed again for the same.
func (s *Session) loseSilent() {
	s.live.probe.lost = true
	if s.dial == nil && s.retry.at <= s.now.Mono && !s.online {
		s.schedule()
	}
}

// abandonSilent gives the live socket up. The next one gets more time.
func (s *Session) abandonSilent() {
	k := s.live
	s.limits.silences++
	s.lose(k.probe.cause)
	s.abandon(k, wire.CloseAbandoned, "no answer to a ping")
}
