package session

import (
	"strconv"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// ending is what is known about a socket that somebody else ended.
type ending struct {
	code     int
	newest   bool // no later dial was made
	other    bool // another socket is open or being made
	dialing  bool // that other one is being made
	newToken bool // its address came with a new token, and it is not proven
	advice   bool // the server said when to come back
	woken    bool // it was probed after a wake, and the page sees that
}

// verdict is what a session does about an ending.
type verdict int

const (
	wait     verdict = iota // dial again after a delay
	useOther                // the other socket takes over
	obey                    // dial again when the server said
	goOn                    // dial again now: the wake goes on
	refresh                 // dial again now, with a new token
	fail                    // the session ends
)

// verdict judges an ending. It belongs to one socket: a code ends the session only
// when it answers the newest dial and no other socket is open or being made.
func (e ending) verdict() verdict {
	unauthorized := e.code == wire.CloseUnauthorized
	final := wire.Permanent(e.code) || unauthorized && e.newToken
	switch {
	case final && e.newest && !e.other:
		return fail
	case e.dialing:
		return useOther
	case unauthorized && !e.newToken:
		return refresh
	case e.advice:
		return obey
	case e.woken:
		return goOn
	}
	return wait
}

// closed is the end of a socket that the session did not end itself.
func (s *Session) closed(in Closed) {
	k := s.live
	if !k.is(in.Generation) {
		k = s.dial
	}
	if !k.is(in.Generation) {
		return
	}
	delay, hasAdvice := wire.ParseAdvice(in.Reason)
	end := ending{code: in.Code, newest: k.generation == s.generation, newToken: k.fresh, advice: hasAdvice}
	if k == s.live {
		end.woken = k.probe != nil && k.probe.shown && s.online
		s.liveClosed(in)
	} else {
		s.dialClosed(in)
	}
	end.dialing, end.other = s.dial != nil, s.dial != nil || s.live != nil
	if in.Code == wire.CloseUnauthorized {
		s.retry.fresh = true
	}
	switch end.verdict() {
	case fail:
		s.stop(refusal(in.Code, in.Reason))
	case refresh:
		s.connect()
	case obey:
		s.retry.serverAdvice = true
		s.retry.at = max(s.now.Mono+delay, s.retry.lastDial+dialGap)
	case goOn:
		// A browser that closed it while the page slept says so only now.
		s.retry.at = max(s.now.Mono, s.retry.lastDial+dialGap)
	case wait:
		if s.retry.failures == 0 && (in.Code == wire.CloseTryLater || in.Code == wire.CloseTooMany) {
			s.failed()
		}
		s.schedule()
	}
}

// liveClosed takes the live socket away. Without a doubt about it, its end is its
// last sign of life.
func (s *Session) liveClosed(in Closed) {
	cause, k := wire.CauseClosed, s.live
	if in.Code == wire.CloseAbnormal {
		cause = wire.CauseReset
	}
	if k.probe != nil {
		cause = k.probe.cause
	} else {
		k.lastFrame, k.lastFrameWall = s.now.Mono, s.now.Wall
	}
	s.lose(cause)
}

// dialClosed takes away the socket that is being made.
func (s *Session) dialClosed(in Closed) {
	switch {
	case in.Hopeless:
		s.retry.reason = in.Reason
	case s.dial.phase == open && in.Code != wire.CloseAbnormal:
		s.retry.reason = refusal(in.Code, in.Reason)
	case in.Reason != "":
		s.retry.reason = "no connection: " + in.Reason
	default:
		s.retry.reason = "no connection"
	}
	s.retry.hopeless = in.Hopeless
	s.failed()
	s.endReplay(s.dial)
	s.dial = nil
}

// refusal is the end of a socket as a sentence.
func refusal(code int, reason string) string {
	text := "the server closed with code " + strconv.Itoa(code)
	if reason != "" {
		text += ": " + reason
	}
	return text
}
