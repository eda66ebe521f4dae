package session

import (
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// Session is one resilient connection. It is not safe for concurrent use.
type Session struct {
	opt    Options
	random func() float64

	now      Instant
	deadline time.Duration // mono, as last told by Deadline
	effects  []Effect

	running         bool
	away            bool   // the browser has taken the page away
	failure         string // why it failed for good
	visible, online bool

	gen  int
	live *socket // delivers
	dial *socket // is being made; delivers nothing yet

	attempt   int           // failures in a row
	failing   time.Duration // mono, since the first of them
	retryAt   time.Duration // mono, when a dial is wanted and there is none
	advised   bool          // retryAt is the server's word: no wake cuts it short
	lastDial  time.Duration // mono
	slow      int           // dials in a row that hung
	refreshed bool          // refused with 4401: dials get a new token, until life is proven
	trouble   string        // why there is still no connection

	everLive bool
	loss     *loss
	beat     time.Duration // between pings
	spread   time.Duration // window of the first retry
	rtt      rtt

	cursor    string
	delivered int // events with an id
	seen      ring
	shown     State
}

// loss is a connection that ended and whose successor has not spoken yet.
type loss struct {
	cause string
	up    time.Duration
	at    time.Duration // wall clock of the last sign of life
}

// New returns a session that waits for [Start]. random returns numbers in [0, 1).
func New(opt Options, random func() float64) (*Session, error) {
	if err := opt.validate(); err != nil {
		return nil, err
	}
	return &Session{
		opt: opt, random: random, deadline: never,
		visible: opt.Visible, online: opt.Online,
		beat: opt.Heartbeat, spread: opt.FirstRetryWindow, cursor: opt.After,
		lastDial: -never, shown: State{Name: Stopped, RetryAt: -1},
	}, nil
}

// Cursor is the id after which the stream goes on, "" before the first.
func (s *Session) Cursor() string { return s.cursor }

// Deadline is the monotonic time at which to hand in a [Tick]; ok is false when
// there is nothing to wait for.
func (s *Session) Deadline() (at time.Duration, ok bool) {
	return s.deadline, s.deadline != never
}

// Handle takes one input and returns what to do, in order. The slice is valid
// until the next call.
func (s *Session) Handle(now Instant, in Input) []Effect {
	lost, last := elapsed(s.now, now, s.deadline), s.now.Mono
	s.now = now
	s.effects = s.effects[:0]
	switch {
	case !s.running || s.away:
	case lost != gap{}:
		s.overslept(lost)
	default:
		s.excuse(last, s.deadline)
	}
	s.take(in)
	for s.running && s.due() {
	}
	s.publish()
	s.deadline = s.next()
	return s.effects
}

func (s *Session) take(in Input) {
	switch in := in.(type) {
	case Start:
		if !s.running {
			s.start()
		}
	case Stop:
		s.stop("")
	case Reconnect:
		if !s.running {
			s.start()
		} else {
			s.advised = false
			s.wake(wire.CauseUser, 0, true)
		}
	case Visible:
		s.visible = in.On
		if in.On {
			s.wake(wire.CauseWake, 0, false)
		}
	case Wake:
		s.wake(wire.CauseWake, 0, false)
	case Network:
		s.wake(wire.CauseNetwork, 0, true)
	case Online:
		s.online = in.On
		if in.On || s.live != nil {
			s.wake(wire.CauseNetwork, 0, in.On)
		}
	case URLReady:
		if k := s.dial; k.is(in.Generation) {
			k.enter(dialing, s.now.Mono)
		}
	case URLFailed:
		if k := s.dial; k.is(in.Generation) && k.phase == resolving {
			s.dialFailed("no url: " + in.Reason)
		}
	case Opened:
		s.opened(in.Generation)
	case Closed:
		s.closed(in)
	case Hello:
		s.hello(in)
	case Position:
		if k := s.heard(in.Generation, true); k != nil {
			s.move(in.Position)
			k.caughtUp = k.caughtUp || in.Live
		}
	case Events:
		s.events(in)
	case Pong:
		s.pong(in.Generation)
	case Frame:
		s.heard(in.Generation, false)
	case Away:
		s.leave()
	}
}

func (s *Session) start() {
	s.running, s.away, s.failure, s.trouble = true, false, "", ""
	s.attempt, s.slow, s.refreshed, s.advised = 0, 0, false, false
	s.retryAt = s.now.Mono
}

// stop ends the session, for good if there is a reason.
func (s *Session) stop(failure string) {
	if !s.running {
		return
	}
	s.running, s.failure = false, failure
	s.close("closed by the page")
}

// leave closes the connection while the page is away.
func (s *Session) leave() {
	if !s.running || s.away {
		return
	}
	s.away, s.advised, s.trouble, s.slow = true, false, "", 0
	s.close("the page is away")
}

// close ends both sockets in order; nothing is remembered of them.
func (s *Session) close(reason string) {
	for _, k := range []*socket{s.live, s.dial} {
		if k != nil {
			s.abandon(k, codeNormal, reason)
		}
	}
	s.live, s.dial, s.loss, s.attempt = nil, nil, nil, 0
}

func (s *Session) hello(in Hello) {
	// What a challenger is about to replay may be on its way on the old socket: the
	// first to bring it wins, and no long frame begins anew for nothing.
	race := s.live != nil && in.Resumed && !in.Live
	if s.dial.is(in.Generation) {
		s.dial.greeted = race
	}
	k := s.heard(in.Generation, !race)
	if k == nil {
		return
	}
	if !k.greeted && k.after != s.cursor && in.Gap != nil {
		// The old socket delivered since the dial: the gap may be none.
		s.live = nil
		s.askAgain(k)
		return
	}
	k.greeted, k.caughtUp = true, in.Live
	if in.Heartbeat > 0 && s.opt.Heartbeat > 0 {
		s.beat = max(in.Heartbeat, minOption)
	}
	s.spread = min(max(in.FirstRetryWindow, 0), maxSpread)
	switch {
	case in.Gap != nil:
		s.emit(*in.Gap)
		s.move(in.Position)
	case in.Resumed:
		// The cursor may be ahead of what the dial asked for: the other socket
		// delivered meanwhile.
	case k.after != "":
		s.emit(Gap{After: k.after, Reason: "unknown"})
		s.move(in.Position)
	default:
		s.move(in.Position)
	}
}

func (s *Session) events(in Events) {
	k := s.heard(in.Generation, true)
	mask := make([]bool, len(in.IDs))
	for i, id := range in.IDs {
		mask[i] = k != nil && (id == "" || s.seen.add(id))
		if mask[i] && id != "" {
			s.cursor = id
			s.delivered++
		}
	}
	if k != nil {
		k.pace(s.now.Mono)
	}
	s.emit(Deliver{Mask: mask, Cursor: s.cursor})
}

// move sets the cursor without an event.
func (s *Session) move(cursor string) {
	if cursor != s.cursor {
		s.cursor = cursor
		s.emit(Moved{Cursor: cursor})
	}
}

func (s *Session) emit(e Effect) { s.effects = append(s.effects, e) }
