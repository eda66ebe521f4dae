package session

import (
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// wantsDial reports whether a dial is missing or would be: there is no live
// socket, or it is doubted.
func (s *Session) wantsDial() bool {
	if !s.running || s.away {
		return false
	}
	return s.live == nil || s.challenged() && (s.online || s.live.lost())
}

// waiting reports whether the next dial has a time that the page can count down to.
func (s *Session) waiting() bool {
	return s.wantsDial() && s.dial == nil && s.retry.at > s.now.Mono
}

// connect dials now.
func (s *Session) connect() {
	s.generation++
	t := &s.stream
	fresh := s.retry.fresh || s.changing()
	if s.changing() {
		s.live.tried(s.now.Mono)
	}
	s.dial = &socket{
		generation: s.generation, after: t.cursor, delivered: t.delivered, restarts: t.restarts,
		fresh: fresh, dialedAt: s.now.Mono, entered: s.now.Mono,
	}
	s.retry.lastDial, s.retry.serverAdvice, s.retry.hopeless = s.now.Mono, false, false
	s.emit(Dial{Generation: s.generation, After: t.cursor, Fresh: fresh, Attempt: s.retry.failures, Previous: s.previousOf()})
}

// redial replaces a socket that was dialed from a cursor which the page has left.
func (s *Session) redial(k *socket) {
	s.abandon(k, wire.CloseNormal, "the cursor has moved on")
	s.connect()
}

func (s *Session) urlReady(generation int) {
	k := s.dial
	if !k.is(generation) || k.phase != resolving {
		return
	}
	if s.now.Mono-k.entered < urlTimeout {
		s.limits.addresses = 0 // else the next one will need its time too
	}
	k.enter(dialing, s.now.Mono)
}

func (s *Session) urlFailed(in URLFailed) {
	if k := s.dial; k.is(in.Generation) && k.phase == resolving {
		s.dialFailed("the url function failed: " + in.Reason)
	}
}

// dialLimit is when the dial has taken too long.
func (s *Session) dialLimit() time.Duration {
	k := s.dial
	switch {
	case k.racing:
		return never // the old socket's time bounds the race
	case k.phase == resolving:
		return k.entered + s.limits.address()
	case k.phase == dialing:
		return k.entered + s.handshakeLimit()
	}
	return k.entered + s.limits.firstFrame(s.opt.ConnectTimeout)
}

// dialLate ends a dial that has taken too long.
func (s *Session) dialLate() {
	switch k := s.dial; k.phase {
	case resolving:
		s.limits.addresses++
		s.dialFailed("the url function did not answer")
	case open:
		s.firstFrameLate(k)
	case dialing:
		s.limits.handshakes = min(s.limits.handshakes+1, maxHandshakes)
		if s.limits.handshakes == 1 { // not counted as a failure, and replaced at once
			s.abandon(k, wire.CloseNormal, "dial replaced")
			s.connect()
			return
		}
		s.dialFailed("the connection attempt was not answered")
	}
}

const silentFromStart = "connected, but the server neither spoke nor answered a ping"

// firstFrameLate is an open socket without a frame. The server may be dead, or
// this may be a long message on a slow link: the socket is kept, and the next dial
// races it. Only a second one that is silent too is given up.
func (s *Session) firstFrameLate(k *socket) {
	s.limits.firstFrames++
	if s.live != nil {
		s.abandon(k, wire.CloseAbandoned, "no answer to a ping")
		s.dialFailed(silentFromStart)
		return
	}
	s.live, s.dial = k, nil
	k.probe = &probe{cause: wire.CauseSilence, askedAt: k.openedAt, challengeAt: s.now.Mono, lost: true, abandonAt: k.openedAt + s.limits.silence(s.opt.HeartbeatTimeout)}
	s.retry.reason = silentFromStart
	s.failed()
	s.schedule()
}

// dialFailed ends the dial, if it is still held, and schedules the next.
func (s *Session) dialFailed(reason string) {
	if k := s.dial; k != nil && k.phase != open {
		s.abandon(k, wire.CloseNormal, "dial timed out")
	}
	s.dial = nil
	s.retry.reason = reason
	s.failed()
	s.schedule()
}
