package sim

import (
	"slices"
	"strconv"
	"time"

	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

// A page begins without the engine, and its first session hands over when that has
// come, whatever is happening then. Here the first session is one of this package's
// subject, too, and the facts that it hands over are those that can be seen from
// outside: what it was told, and what it asked for.

// facts are what is known of a session with one socket at a time.
type facts struct {
	session.Adopt
	recent, held []fact
	visible      bool
	online       bool
	alone        bool // the newest dial was made while no socket was held
}

// fact is an event that was delivered, or is held.
type fact struct {
	id, content string
	at          time.Duration
}

const recentFacts = 1024 // as many as a session remembers

func newFacts(opt session.Options) *facts {
	f := &facts{visible: opt.Visible, online: opt.Online, alone: true}
	f.Cursor, f.Heartbeat, f.FirstRetryWindow, f.State = opt.After, opt.Heartbeat, opt.FirstRetryWindow, session.Stopped
	f.Ascending = 16 // a cursor of before may be that of a counter
	return f
}

// adopt is the input with which another session goes on.
func (f *facts) adopt() session.Adopt {
	in := f.Adopt
	for _, e := range slices.Concat(f.recent, f.held) {
		in.IDs, in.Contents, in.Times = append(in.IDs, e.id), append(in.Contents, e.content), append(in.Times, e.at)
	}
	in.Held = len(f.held)
	return in
}

// input notes what the session was told.
func (f *facts) input(in session.Input, now session.Instant) {
	switch in := in.(type) {
	case session.Start, session.Reconnect:
		f.Away, f.Failure, f.ServerAdvice = false, "", false
	case session.Wake, session.Network:
		f.Away = false
	case session.Away:
		f.Away = f.State != session.Stopped && f.State != session.Failed
	case session.Visible:
		f.visible = in.On
		f.Away = f.Away && !in.On
	case session.Online:
		f.online = in.On
		f.Away = f.Away && !in.On
	case session.URLReady:
		if in.Generation == f.Generation && f.Phase == "resolving" {
			f.Phase, f.Entered = "dialing", now.Mono
		}
	case session.Opened:
		if in.Generation == f.Generation {
			f.Phase, f.Entered = "open", now.Mono
		}
	case session.URLFailed:
		f.failed(in.Generation, "the url function failed: "+in.Reason)
	case session.Closed:
		f.closed(in, now)
	case session.Hello:
		if f.frame(in.Generation, now) {
			f.Greeted, f.CaughtUp, f.LogUnread, f.FirstRetryWindow = true, in.Live, false, in.FirstRetryWindow
			if in.Heartbeat > 0 {
				f.Heartbeat = in.Heartbeat
			}
		}
	case session.Position:
		if f.frame(in.Generation, now) {
			f.LogUnread = !in.Live && (f.CaughtUp || f.LogUnread)
			f.CaughtUp = in.Live
		}
	case session.Pong:
		if f.frame(in.Generation, now) {
			f.Pings = max(0, f.Pings-1)
		}
	case session.Frame:
		f.frame(in.Generation, now)
	case session.Events:
		f.frame(in.Generation, now)
	}
}

// frame is a sign of life.
func (f *facts) frame(generation int, now session.Instant) bool {
	if f.Phase != "open" || generation != f.Generation {
		return false
	}
	f.CaughtUp = f.CaughtUp || !f.Greeted
	f.Spoke, f.LastFrame, f.LastFrameWall = true, now.Mono, now.Wall
	f.AskedAt = 0
	f.PreviousCause, f.Reason, f.ServerAdvice, f.Hopeless = "", "", false, false
	if now.Mono-f.Entered >= session.Defaults().MinUptime {
		f.Failures, f.NewToken, f.FreshToken = 0, false, false
	}
	return true
}

func (f *facts) failed(generation int, reason string) {
	if generation == f.Generation && f.Phase != "" {
		f.Phase, f.Reason = "", reason
	}
}

func (f *facts) closed(in session.Closed, now session.Instant) {
	if in.Generation != f.Generation || f.Phase == "" {
		return
	}
	switch {
	case f.Spoke && f.Doubt != "":
		f.lost(f.Doubt)
	case f.Spoke:
		f.LastFrame, f.LastFrameWall = now.Mono, now.Wall
		f.lost(wire.CauseClosed)
	}
	f.Phase, f.Hopeless = "", in.Hopeless
	_, f.ServerAdvice = wire.ParseAdvice(in.Reason)
	f.FreshToken = f.FreshToken || in.Code == wire.CloseUnauthorized
}

// lost notes how the connection ended that had spoken.
func (f *facts) lost(cause string) {
	f.PreviousCause, f.PreviousUp, f.PreviousAt = cause, f.LastFrame-f.Entered, f.LastFrameWall
}

// effect notes what the session asked for. sockets are those that are held.
func (f *facts) effect(in session.Input, e session.Effect, sockets int, now session.Instant) {
	switch e := e.(type) {
	case session.Dial:
		f.Generation, f.Phase, f.DialedAfter, f.DialedAt, f.Entered = e.Generation, "resolving", e.After, now.Mono, now.Mono
		f.NewToken, f.Failures = e.Fresh, e.Attempt
		f.Spoke, f.Greeted, f.CaughtUp, f.LogUnread, f.Begun = false, false, false, false, false
		f.Pings, f.AskedAt, f.Doubt, f.alone = 0, 0, "", sockets == 0
		f.ServerAdvice, f.Hopeless = false, false
	case session.Abandon:
		if e.Generation == f.Generation && f.Phase != "" {
			if f.Spoke {
				f.lost(wire.CauseSilence)
			}
			f.Phase = ""
		}
	case session.Ping:
		f.Pings++
		if f.AskedAt == 0 {
			f.AskedAt = now.Mono
		}
	case session.Moved:
		f.Cursor = e.Cursor
	case session.Gap:
		if e.Reason == wire.GapRestarted {
			f.recent, f.Ascending = nil, 0
		}
	case session.Release:
		held := f.held[:len(e.Mask)]
		f.held = f.held[len(e.Mask):]
		for i, event := range held {
			if e.Mask[i] {
				f.delivered(event)
			}
		}
	case session.Deliver:
		f.events(in.(session.Events), e, now)
	case session.State:
		f.state(e, now)
	}
}

func (f *facts) events(in session.Events, e session.Deliver, now session.Instant) {
	for i, id := range in.IDs {
		event := fact{id: id, at: now.Mono}
		if i < len(in.Contents) {
			event.content = in.Contents[i]
		}
		switch {
		case e.Mask[i]:
			f.Unordered = f.Unordered || f.Begun && !f.Greeted && f.Ascending > 0 && isBelow(id, f.Cursor)
			f.Begun = true
			f.delivered(event)
		case i >= len(in.IDs)-e.Held:
			f.held = append(f.held, event)
		}
	}
}

func (f *facts) delivered(event fact) {
	if event.id == "" {
		return
	}
	if isBelow(f.Cursor, event.id) {
		f.Ascending++
	} else {
		f.Ascending = 0
	}
	f.Cursor = event.id
	f.recent = append(f.recent, event)
	f.recent = f.recent[max(0, len(f.recent)-recentFacts):]
}

func (f *facts) state(e session.State, now session.Instant) {
	f.State, f.Since, f.Doubt, f.Failure = e.Name, e.Since, "", ""
	switch e.Name {
	case session.Live:
		f.WasLive = true
	case session.Checking:
		f.Doubt = e.Cause
	case session.Failed:
		f.Failure = e.Cause
	}
	if f.Phase == "" || !f.Spoke {
		if e.Attempt > f.Failures && f.Failures == 0 {
			f.FailingSince = now.Mono
		}
		f.Failures = e.Attempt
	}
	f.RetryAt = now.Mono
	if e.RetryAt >= 0 {
		f.RetryAt = e.RetryAt - now.Wall + now.Mono
	}
	if f.PreviousCause == "" && f.Phase == "" {
		f.Reason = e.Cause
	}
}

// isBelow reports whether both are numbers, and the first is the smaller one.
func isBelow(a, b string) bool {
	m, err := strconv.Atoi(a)
	n, err2 := strconv.Atoi(b)
	return err == nil && err2 == nil && m < n
}

// handOver puts another session in the place of the first, once that has one socket
// or none. A feed that is closed asks for no engine.
func (t *tab) handOver() {
	f := t.facts
	if f == nil {
		return
	}
	t.do(session.Tick{}) // timers whose time has come are done before
	if f.State == session.Stopped || len(t.sockets) > 1 || !f.alone || (f.Phase == "") != (len(t.sockets) == 0) {
		t.w.after(100*ms, func() { t.post(t.handOver) })
		return
	}
	opt := session.Defaults()
	opt.Visible, opt.Online = f.visible, f.online
	t.facts, t.s = nil, t.w.session(opt)
	t.disarm()
	t.w.stats.HandOvers++
	t.do(f.adopt())
}
