package session

import (
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

const (
	urlTimeout = 10 * time.Second // for the page's own url function
	dialGap    = time.Second      // between dials that wake signals or advice start
	// maxSpread is how long a server may keep its clients away after a loss.
	maxSpread = 10 * time.Minute
	// instant is a delay that no timer is worth.
	instant = 5 * time.Millisecond
	// maxSlow bounds the doubling of the dial timeout at 4 times.
	maxSlow = 3
	// offlineFailures makes retries rare, not absent, while the browser claims to
	// be offline: it is wrong about loopback and some VPNs.
	offlineFailures = 4
)

// wantsDial reports whether a dial is missing or would be: there is no live
// socket, or it is suspect.
func (s *Session) wantsDial() bool {
	return s.running && !s.away && (s.live == nil || s.suspect() && s.online)
}

// waiting reports whether the next dial has a time that the page can count down to.
func (s *Session) waiting() bool {
	return s.wantsDial() && s.dial == nil && s.retryAt > s.now.Mono
}

// connect dials now.
func (s *Session) connect() {
	s.gen++
	s.dial = &socket{gen: s.gen, after: s.cursor, delivered: s.delivered, fresh: s.refreshed, entered: s.now.Mono}
	s.lastDial, s.advised = s.now.Mono, false
	s.emit(Dial{Generation: s.gen, After: s.cursor, Fresh: s.refreshed, Attempt: s.attempt, Previous: s.was()})
}

// askAgain replaces a socket that was dialed from a place which the page has left.
func (s *Session) askAgain(k *socket) {
	s.abandon(k, codeNormal, "the page has moved on")
	s.connect()
}

// was is what the dial tells the server of the connection before.
func (s *Session) was() *wire.Previous {
	switch {
	case s.loss != nil:
		return &wire.Previous{Cause: s.loss.cause, Up: s.loss.up, Down: max(0, s.now.Wall-s.loss.at)}
	case s.live != nil:
		k := s.live
		return &wire.Previous{Cause: k.check.cause, Up: k.lastIn - k.openedAt, Down: max(0, s.now.Wall-k.lastInWall)}
	}
	return nil
}

// dialLimit is when the dial has taken too long. The first is short, since
// browsers serialise handshakes to one address: a hung one blocks its successor
// until it is given up. Whoever keeps hanging is given more and more time, so
// that a very slow link still gets through.
func (s *Session) dialLimit() time.Duration {
	switch {
	case s.dial.greeted:
		return never // the old socket's time bounds the race
	case s.dial.phase == resolving:
		return s.dial.entered + urlTimeout
	case s.dial.phase == dialing && s.slow == 0:
		return s.dial.entered + min(s.rtt.patience(), s.opt.ConnectTimeout)
	}
	return s.dial.entered + s.opt.ConnectTimeout<<max(s.slow-1, 0)
}

func (s *Session) dialOverdue() {
	k := s.dial
	switch k.phase {
	case resolving:
		s.dialFailed("no url: the url function did not answer")
	case open:
		s.abandon(k, codeAbandoned, "no answer to a ping")
		s.dialFailed("connected, but the server neither spoke nor answered a ping")
	case dialing:
		s.slow = min(s.slow+1, maxSlow)
		if s.slow == 1 { // not counted as a failure, and replaced at once
			s.abandon(k, codeNormal, "dial replaced")
			s.connect()
			return
		}
		s.dialFailed("the connection attempt was not answered")
	}
}

// dialFailed ends the dial, if it still lives, and schedules the next.
func (s *Session) dialFailed(trouble string) {
	if s.dial.phase != open {
		s.abandon(s.dial, codeNormal, "dial timed out")
	}
	s.dial = nil
	s.trouble = trouble
	s.failed()
	s.schedule()
}

// failed counts a failure.
func (s *Session) failed() {
	if s.attempt == 0 {
		s.failing = s.now.Mono
	}
	s.attempt++
}

// schedule sets the time of the next dial: spread over the server's window after
// a loss, by backoff after failures.
func (s *Session) schedule() {
	wait := time.Duration(s.random() * float64(s.spread))
	failures, outage := s.attempt, s.now.Mono-s.failing
	if !s.online {
		failures, outage = max(failures, offlineFailures), s.opt.MaxReconnectDelay
	}
	if failures > 0 {
		wait = backoff(failures, s.opt.MinReconnectDelay, s.opt.MaxReconnectDelay, outage, s.random())
	}
	if wait < instant {
		wait = 0
	}
	s.retryAt = s.now.Mono + wait
}
