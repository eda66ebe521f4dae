package session

import "time"

// settleTime is how long after an adoption the next ping goes out. Round trips of a
// page that is still loading say nothing about the link.
const settleTime = 500 * time.Millisecond

// Adopt starts the session in the middle of a connection: it goes on with what
// shim/basic-session.js did until client.wasm was there. It is the first input,
// and the socket that it names is held from then on; see handover.md.
type Adopt struct {
	Cursor     string
	Generation int    // of the newest dial
	Phase      string // of its socket: "resolving", "dialing" or "open"; "" when it is gone

	DialedAfter   string        // the cursor that it was dialed with
	DialedAt      time.Duration // mono, of the newest dial
	NewToken      bool          // its address came with a new token, and it is not proven
	Entered       time.Duration // mono, when its phase began
	Spoke         bool          // a frame has come
	Greeted       bool          // its feed said hello
	CaughtUp      bool          // nothing is left to replay
	LogUnread     bool          // its server said that it cannot read its log
	LastFrame     time.Duration // mono, last sign of life
	LastFrameWall time.Duration
	Pings         int           // sent and unanswered
	AskedAt       time.Duration // mono, since when an answer to one is wanted; 0 when none is
	ExpiresAt     time.Duration // mono, when its permission ends; 0 when that is not announced
	Doubt         string        // why its life is in doubt, "" when it is not

	Heartbeat        time.Duration // as in Hello
	FirstRetryWindow time.Duration // as in Hello

	IDs       []string        // the newest ids that were delivered, then those that are held
	Contents  []string        // for each, as in Events
	Times     []time.Duration // mono, when each came
	Held      int             // so many at the end wait for a Release
	Begun     bool            // the socket has brought something new
	Ascending int             // deliveries in a row whose number was above the cursor
	Unordered bool            // the ids are no counter
	Keyed     bool            // the ids are names of things

	Failure       string        // why it failed for good, "" when it runs
	State         StateName     // the last that the page was told
	Since         time.Duration // wall clock
	WasLive       bool
	Away          bool
	Doublings     int           // how often in a row a time limit ended something
	Failures      int           // in a row
	FailingSince  time.Duration // mono, of the first of them
	RetryAt       time.Duration // mono, when a dial is wanted and there is none
	ServerAdvice  bool          // that is the server's advice
	Hopeless      bool          // the browser refused the last address
	FreshToken    bool          // the server refused the token: dials get a new one
	Reason        string        // why there is still no connection
	PreviousCause string        // of the connection that was lost; "" when there was none
	PreviousUp    time.Duration
	PreviousAt    time.Duration // wall clock of its last sign of life
}

func (Adopt) input() {}

// adopt takes the facts as its own state. Timers whose time has come
// meanwhile run after it, as after any input.
func (s *Session) adopt(in Adopt) {
	if s.running || s.generation > 0 {
		return
	}
	s.running, s.away, s.everLive = in.Failure == "", in.Away, in.WasLive
	s.generation, s.failure = in.Generation, in.Failure
	s.shown = State{Name: in.State, Since: in.Since, RetryAt: -1, Cause: in.Failure}
	s.greet(in.Heartbeat, in.FirstRetryWindow)
	s.retry.failures, s.retry.since, s.retry.at, s.retry.lastDial = in.Failures, in.FailingSince, in.RetryAt, in.DialedAt
	s.retry.serverAdvice, s.retry.hopeless, s.retry.fresh, s.retry.reason = in.ServerAdvice, in.Hopeless, in.FreshToken, in.Reason
	s.limits.addresses, s.limits.handshakes, s.limits.silences = in.Doublings, min(in.Doublings, maxHandshakes), in.Doublings
	if in.Phase == "resolving" || in.Phase == "dialing" { // it has as long as it had before
		s.limits.handshakes = min(1+in.Doublings, maxHandshakes)
	}
	if in.PreviousCause != "" {
		s.previous = &ended{cause: in.PreviousCause, up: in.PreviousUp, at: in.PreviousAt}
	}
	t := &s.stream
	t.cursor, t.ascending, t.unordered, t.keyed = in.Cursor, in.Ascending, in.Unordered, in.Keyed
	delivered := len(in.IDs) - in.Held
	for i, id := range in.IDs[:delivered] {
		t.recent.add(id, in.delivery(i))
	}
	k := in.socket()
	if k == nil {
		return
	}
	for i, id := range in.IDs[delivered:] {
		k.replay.hold(id, in.delivery(delivered+i))
	}
	k.interval.adopt(in.Times[:delivered], in.DialedAt)
	if k.phase == open {
		k.lastPing = min(s.now.Mono, s.now.Mono+settleTime-s.heartbeat)
	}
	if !k.spoke {
		s.dial = k
		return
	}
	s.live, s.shown.Generation = k, k.generation
	if in.ExpiresAt > 0 {
		s.changeOver(k, in.ExpiresAt)
	}
	if in.AskedAt > 0 {
		s.adoptProbe(in.AskedAt)
	}
	if in.Doubt != "" {
		s.check(hint{cause: in.Doubt}, s.now.Mono)
	}
}

// adoptProbe asks the live socket again. That gives a dead one no more time than it
// had from the first question on.
func (s *Session) adoptProbe(askedAt time.Duration) {
	s.ask(s.heartbeatProbe(s.opt.ChallengeAfter))
	p, late := s.live.probe, s.now.Mono-askedAt
	p.askedAt = askedAt
	p.doubtAt, p.challengeAt, p.loseAt, p.abandonAt = p.doubtAt-late, p.challengeAt-late, p.loseAt-late, p.abandonAt-late
}

// socket is the socket that the facts tell of; nil for none.
func (in *Adopt) socket() *socket {
	if in.Phase == "" {
		return nil
	}
	k := &socket{
		generation: in.Generation, after: in.DialedAfter, dialedAt: in.DialedAt, entered: in.Entered, fresh: in.NewToken,
		spoke: in.Spoke, greeted: in.Greeted, caughtUp: in.CaughtUp, logUnread: in.LogUnread,
		lastFrame: in.LastFrame, lastFrameWall: in.LastFrameWall,
		replay: replay{begun: in.Begun},
	}
	for range min(in.Pings, maxPings) {
		k.pings = append(k.pings, -1)
	}
	switch in.Phase {
	case "dialing":
		k.phase = dialing
	case "open":
		k.phase, k.openedAt = open, in.Entered
	}
	return k
}

// delivery is what is remembered of the event with a number in the list. The
// sockets before the present one were gone when it was dialed.
func (in *Adopt) delivery(i int) delivery {
	d := delivery{content: in.Contents[i], at: in.Times[i]}
	if d.at >= in.DialedAt {
		d.generation = in.Generation
	}
	return d
}
