package session

import (
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// StateName is the name of a [State].
type StateName string

// The states that a page can show.
const (
	Connecting   StateName = "connecting"   // no connection yet
	Live         StateName = "live"         // proven and caught up
	Checking     StateName = "checking"     // open, but its life is in doubt
	Reconnecting StateName = "reconnecting" // lost, or not yet caught up
	Offline      StateName = "offline"      // lost, and the browser sees no network
	Stopped      StateName = "stopped"      // closed by the page
	Failed       StateName = "failed"       // ended by an error that a retry cannot mend
)

// State is what the page shows. It is an effect each time that it changes.
type State struct {
	Name       StateName
	Since      time.Duration // wall clock
	Attempt    int           // failed dials in a row
	RetryAt    time.Duration // wall clock; negative when no retry is scheduled
	Cause      string        // one of wire.Causes, or the reason of a failure; "" when live
	Generation int           // the socket that delivers; 0 for none
}

// publish emits the state if it changed.
func (s *Session) publish() {
	next := State{Name: s.name(), Attempt: s.attempt, RetryAt: -1, Cause: s.cause()}
	if s.live != nil {
		next.Generation, next.Attempt = s.live.gen, 0
	}
	if s.waiting() {
		next.RetryAt = s.now.Wall + s.retryAt - s.now.Mono
		// The wall clock is read beside the monotonic one; their jitter is no change.
		if d := next.RetryAt - s.shown.RetryAt; s.shown.RetryAt >= 0 && d > -50*time.Millisecond && d < 50*time.Millisecond {
			next.RetryAt = s.shown.RetryAt
		}
	}
	s.everLive = s.everLive || next.Name == Live
	next.Since = s.shown.Since
	if next.Name != s.shown.Name {
		next.Since = s.now.Wall
	}
	if next != s.shown {
		s.shown = next
		s.emit(next)
	}
}

func (s *Session) name() StateName {
	switch {
	case s.failure != "":
		return Failed
	case !s.running:
		return Stopped
	case !s.online && (s.live == nil || s.suspect()):
		return Offline
	case s.live != nil && s.live.caughtUp:
		if c := s.live.check; c != nil && (c.shown || s.suspect()) {
			return Checking
		}
		return Live
	case s.everLive:
		return Reconnecting
	}
	return Connecting
}

func (s *Session) cause() string {
	switch s.name() {
	case Failed:
		return s.failure
	case Live, Stopped:
		return ""
	}
	if s.away {
		return wire.CauseWake
	}
	if s.live != nil && s.live.check != nil {
		return s.live.check.cause
	}
	if s.trouble != "" {
		return s.trouble
	}
	if s.loss != nil {
		return s.loss.cause
	}
	return ""
}
