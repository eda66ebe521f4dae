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
	deadline time.Duration // mono, as last returned by Deadline
	effects  []Effect

	running         bool
	away            bool   // the browser has taken the page away
	failure         string // why it failed for good
	visible, online bool

	generation int     // of the newest socket
	live       *socket // the socket that delivers
	dial       *socket // the socket that is being made; delivers nothing yet

	heartbeat time.Duration // between pings
	previous  *ended        // a lost connection whose successor has not spoken yet
	retry     retry
	limits    limits
	rtt       rtt
	stream    stream

	everLive bool
	shown    State
}

// ended is a connection that was lost.
type ended struct {
	cause string        // one of wire.Causes
	up    time.Duration // from its opening to its last sign of life
	at    time.Duration // wall clock of its last sign of life
}

// New returns a session that waits for [Start]. random returns numbers in [0, 1).
func New(opt Options, random func() float64) (*Session, error) {
	if err := opt.validate(); err != nil {
		return nil, err
	}
	return &Session{
		opt: opt, random: random, deadline: never,
		visible: opt.Visible, online: opt.Online, heartbeat: opt.Heartbeat,
		retry:  retry{window: opt.FirstRetryWindow, lastDial: -never},
		stream: newStream(opt),
		shown:  State{Name: Stopped, RetryAt: -1},
	}, nil
}

// Cursor is the id after which the stream goes on, "" before the first.
func (s *Session) Cursor() string { return s.stream.cursor }

// Deadline is the monotonic time at which to hand in a [Tick]; ok is false when
// there is nothing to wait for.
func (s *Session) Deadline() (at time.Duration, ok bool) {
	return s.deadline, s.deadline != never
}

// Due is the monotonic time at which something falls due, or ok is false. every is
// how often to look at the clocks until then, for a sleep that no event announces;
// 0 is not at all. Who hands in a [Tick] at each [Session.Deadline] has done so. To
// look without the session costs less: a look that finds both clocks in step is
// noted as [Looked], and any other one is a Tick.
func (s *Session) Due() (at, every time.Duration, ok bool) {
	at = s.due()
	return at, s.watch(), at != never
}

// Handle takes one input and returns what to do, in order. The slice is valid
// until the next call.
func (s *Session) Handle(now Instant, in Input) []Effect {
	if _, is := in.(Looked); is {
		s.now = now
		s.proveByTime()
		s.deadline = s.next()
		return nil
	}
	missing, last := missingTime(s.now, now, s.deadline), s.now.Mono
	s.now = now
	s.effects = s.effects[:0]
	switch {
	case !s.running:
	case s.away:
		s.retry.at -= missing.jump // server advice means real time
	case missing != lostTime{}:
		s.refusedInSleep(in)
		s.timeLost(missing)
	default:
		s.allowForStall(last)
	}
	s.proveByTime()
	s.input(in)
	for s.running && s.timers() {
	}
	s.publish()
	s.deadline = s.next()
	return s.effects
}

func (s *Session) input(in Input) {
	switch in := in.(type) {
	case Start:
		s.start()
	case Adopt:
		s.adopt(in)
	case Stop:
		s.stop("")
	case Reconnect:
		s.reconnect()
	case Away:
		s.leave()
	case Visible:
		s.visible = in.On
		if in.On {
			s.wake(hint{cause: wire.CauseWake})
		}
	case Wake:
		s.wake(hint{cause: wire.CauseWake})
	case Network:
		s.wake(hint{cause: wire.CauseNetwork, moved: true})
	case Online:
		back := in.On && !s.online
		s.online = in.On
		if in.On || s.live != nil {
			s.wake(hint{cause: wire.CauseNetwork, moved: in.On, doubt: back && s.wokeUp()})
		}
	case URLReady:
		s.urlReady(in.Generation)
	case URLFailed:
		s.urlFailed(in)
	case Opened:
		s.opened(in.Generation)
	case Closed:
		s.closed(in)
	case Hello:
		s.hello(in)
	case Position:
		s.position(in)
	case Events:
		s.events(in)
	case Expiring:
		s.expiring(in)
	case Pong:
		s.pong(in.Generation)
	case Frame:
		s.received(in.Generation, false)
	}
}

func (s *Session) start() {
	if s.running {
		return
	}
	s.running, s.away, s.failure = true, false, ""
	s.retry.reset(s.now.Mono)
}

func (s *Session) reconnect() {
	if !s.running {
		s.start()
		return
	}
	s.retry.serverAdvice = false
	s.wake(hint{cause: wire.CauseUser, moved: true, doubt: true})
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
	s.away = true
	s.close("the page is away")
	if !s.retry.serverAdvice {
		s.retry.reset(s.now.Mono)
	}
}

// close ends both sockets in order; nothing is remembered of them.
func (s *Session) close(reason string) {
	for _, k := range []*socket{s.live, s.dial} {
		if k != nil {
			s.abandon(k, wire.CloseNormal, reason)
		}
	}
	s.live, s.dial, s.previous, s.retry.failures = nil, nil, nil, 0
}

func (s *Session) emit(e Effect) { s.effects = append(s.effects, e) }
