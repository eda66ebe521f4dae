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
	Checking     StateName = "checking"     // open, and probed
	Reconnecting StateName = "reconnecting" // lost, or not yet caught up
	Offline      StateName = "offline"      // lost, and the browser sees no network
	Stopped      StateName = "stopped"      // closed by the page
	Failed       StateName = "failed"       // ended by an error that a retry cannot cure
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

// clockJitter is how much two readings of the wall and the monotonic clock may
// drift apart without meaning anything.
const clockJitter = 50 * time.Millisecond

// publish emits the state if it changed.
func (s *Session) publish() {
	next := State{Name: s.name(), Attempt: s.retry.failures, RetryAt: -1, Cause: s.cause()}
	if k := s.live; k != nil && k.spoke {
		next.Generation = k.generation
		if !k.lost() {
			next.Attempt = 0
		}
	}
	if s.waiting() {
		next.RetryAt = s.now.Wall + s.retry.at - s.now.Mono
		if d := next.RetryAt - s.shown.RetryAt; s.shown.RetryAt >= 0 && d.Abs() < clockJitter {
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
	k := s.live
	switch {
	case s.failure != "":
		return Failed
	case !s.running:
		return Stopped
	case !s.online && (k == nil || s.doubted()):
		return Offline
	case k != nil && k.caughtUp && !k.lost():
		if p := k.probe; p != nil && (p.shown || s.doubted()) {
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
	switch k := s.live; {
	case s.away:
		return wire.CauseWake
	case k != nil && k.logUnread && !k.lost():
		return "the server cannot read its log"
	case k != nil && k.spoke && k.probe != nil && (!k.lost() || s.retry.reason == ""):
		return k.probe.cause
	case s.retry.reason != "":
		return s.retry.reason
	case s.previous != nil:
		return s.previous.cause
	}
	return ""
}
