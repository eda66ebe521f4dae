package native

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/session"
)

// leaveTimeout bounds the closing handshake at the end.
const leaveTimeout = time.Second

// loop drives the session of one run. It never waits for a callback.
type loop struct {
	*Client
	run     *run
	session *session.Session
	inputs  chan arrival
	sockets map[int]*socket // by generation
	closing sync.WaitGroup  // sockets whose closing handshake is under way
	timer   *time.Timer

	now     time.Duration // on the monotonic clock
	shown   session.State // latest state of the session
	wasLive bool          // the client has been live
	failure error         // why the last dial failed or the server closed; nil when all is well
	slow    bool          // events wait too long
	cursor  string        // of the session
	told    string        // cursor after what was queued for the callbacks
	held    []Event       // of which the session does not know yet whether they are new

	latest    latestTopics
	snapshots snapshots
	requests  requests
}

// arrival is an input on its way to the session.
type arrival struct {
	session.Input
	from   *socket     // that it came over; nil for none
	events []Event     // of an Events input
	answer *answer     // to a request; nil for none
	newest *newest     // events that the server has chosen; nil for none
	also   func(*loop) // run before the input, by the loop; nil for nothing
}

// newLoop is called with the client's lock held.
func newLoop(c *Client, r *run, s *session.Session) *loop {
	l := &loop{Client: c, run: r, session: s, inputs: make(chan arrival, 16), sockets: map[int]*socket{},
		timer: time.NewTimer(time.Hour), cursor: s.Cursor(), told: s.Cursor()}
	l.snapshots.init(l, s.Cursor())
	l.latest.init(l)
	return l
}

// drive runs the session until the end.
func (l *loop) drive() {
	networks, stop := watchNetwork()
	defer stop()
	defer l.timer.Stop()
	l.handle(arrival{Input: session.Start{}, also: func(l *loop) {
		if s := l.snapshots.stream; s != nil {
			s.Start()
		}
	}})
	for l.shown.Name != session.Failed {
		select {
		case a := <-l.inputs:
			l.handle(a)
		case <-l.command:
			for _, a := range l.take() {
				l.handle(a)
			}
		case <-networks:
			l.networkEvent()
		case <-l.timer.C:
			l.handle(arrival{Input: session.Tick{}})
		case <-l.run.ctx.Done():
			l.handle(arrival{Input: session.Stop{}})
			l.end(context.Cause(l.run.ctx))
			return
		}
	}
	l.end(l.State().Err)
}

// take returns the commands of the methods.
func (l *loop) take() []arrival {
	l.mu.Lock()
	defer l.mu.Unlock()
	commands := l.commands
	l.commands = nil
	return commands
}

// end gives the closing handshakes a moment; on a dead network they never end.
func (l *loop) end(reason error) {
	left := make(chan struct{})
	go func() {
		l.closing.Wait()
		close(left)
	}()
	select {
	case <-left:
	case <-time.After(leaveTimeout):
	}
	l.run.err = reason
	close(l.run.ended)
}

// arrive hands an input to the loop from another goroutine.
func (l *loop) arrive(a arrival) {
	select {
	case l.inputs <- a:
	case <-l.run.ctx.Done():
	case <-l.run.ended:
	}
}

// handle hands one input to the session and does what it asks for.
func (l *loop) handle(a arrival) {
	if k := a.from; k != nil {
		if l.sockets[k.generation] != k {
			return // it was given up
		}
		if ends(a.Input) {
			delete(l.sockets, k.generation)
		}
	}
	now := time.Now()
	l.now = now.Sub(l.epoch) // stands still while the machine sleeps
	if s := l.snapshots.stream; s != nil {
		s.Tick()
	}
	l.latest.conflation.Tick(l.now)
	if a.also != nil {
		a.also(l)
	}
	if a.answer != nil {
		l.answered(a.from, a.answer)
		// The next connection must not bring what is before the place from which topics are
		// followed. While the client is live, all of it has come.
		if a.answer.position != "" && l.shown.Name == session.Live && a.from == l.sockets[l.shown.Generation] {
			a.Input = session.Position{Generation: l.shown.Generation, Position: a.answer.position, Live: true}
		}
	}
	if a.newest != nil {
		l.latest.chosen(a.from, a.newest)
	}
	l.step(a.Input, a.events)
	for l.snapshots.back != "" || l.snapshots.asked {
		at := l.snapshots.back
		l.snapshots.back, l.snapshots.asked = "", false
		if at != "" {
			l.goBack(at)
		} else {
			l.step(session.Wake{}, nil)
		}
	}
	l.watchLag(now)
	l.publish()
	l.ask()
	l.setTimer()
}

// ends reports whether an input is the last of its socket.
func ends(in session.Input) bool {
	switch in.(type) {
	case session.Closed, session.URLFailed:
		return true
	}
	return false
}

// step hands one input to the session, unless the feed has to go back to a snapshot:
// then another session takes its place.
func (l *loop) step(in session.Input, events []Event) {
	if l.snapshots.back != "" {
		return
	}
	effects := l.session.Handle(session.Instant{Mono: l.now, Wall: time.Duration(time.Now().UnixNano())}, in)
	gaps := gapsIn(effects, events)
	for _, e := range effects {
		l.carryOut(e, events, gaps)
		if l.snapshots.back != "" {
			return
		}
	}
}

func (l *loop) setTimer() {
	at, ok := l.session.Deadline()
	if s := l.snapshots.stream; s != nil {
		if due, any := s.Deadline(); any && (!ok || due < at) {
			at, ok = due, true
		}
	}
	if due, any := l.latest.conflation.Deadline(); any && (!ok || due < at) {
		at, ok = due, true
	}
	if ok {
		l.timer.Reset(max(0, at-l.now))
	} else {
		l.timer.Stop()
	}
}

func (l *loop) carryOut(e session.Effect, events []Event, gaps map[session.Gap]int) {
	switch e := e.(type) {
	case session.Dial:
		l.sockets[e.Generation] = l.dial(e)
	case session.Abandon:
		if k := l.sockets[e.Generation]; k != nil {
			delete(l.sockets, e.Generation)
			l.abandon(k, e)
		}
	case session.Ping:
		if k := l.sockets[e.Generation]; k != nil {
			k.ping()
		}
	case session.Deliver:
		l.deliver(events, e.Mask, gaps)
		l.held = append(l.held, events[len(events)-e.Held:]...)
		l.move(e.Cursor)
	case session.Release:
		l.deliver(l.held, e.Mask, nil)
		l.held = nil
		l.move(e.Cursor)
	case session.Moved:
		l.move(e.Cursor)
	case session.Gap:
		if _, inside := gaps[e]; !inside {
			l.gap(e)
		}
	case session.RTT:
		l.mu.Lock()
		l.rtt = e.Smoothed
		l.mu.Unlock()
	case session.State:
		l.shown = e
		if s := l.snapshots.stream; s != nil {
			s.Status(e.Name == session.Live)
		}
	}
}

// report hands an error to OnError.
func (l *loop) report(err error) { l.queue.push(item{err: err}) }

// watchLag notices when events wait too long, and when they no longer do.
func (l *loop) watchLag(now time.Time) {
	age := l.queue.lag(now).Age
	switch {
	case !l.slow && age > l.options.MaxLag:
		l.slow = true
		l.report(ErrSlowConsumer)
	case l.slow && age <= l.options.MaxLag/2:
		l.slow = false
	}
}

var stateNames = map[session.StateName]StateName{
	session.Connecting: Connecting, session.Live: Live, session.Checking: Checking, session.Reconnecting: Reconnecting,
	session.Offline: Reconnecting, session.Stopped: Stopped, session.Failed: Failed,
}

// publish shows the state when it changed.
func (l *loop) publish() {
	if l.snapshots.stream != nil {
		l.snapshots.look()
	}
	next := l.snapshots.state(l.sessionState())
	l.latest.shown(next)
	l.wasLive = l.wasLive || next.Live()
	l.mu.Lock()
	old := l.state
	next.Since = old.Since
	if next.Name != old.Name {
		next.Since = time.Now()
	}
	l.live = l.sockets[l.shown.Generation]
	if next != old {
		l.setState(next)
	}
	l.mu.Unlock()
	if next != old {
		l.queue.push(item{state: &next})
	}
}

// sessionState is the state of the session in the client's words.
func (l *loop) sessionState() State {
	s := State{Name: stateNames[l.shown.Name], Attempt: l.shown.Attempt, Cause: l.shown.Cause}
	if l.shown.RetryAt >= 0 {
		s.RetryAt = time.Unix(0, int64(l.shown.RetryAt))
	}
	switch {
	case (s.Name == Live || s.Name == Checking) && l.slow:
		s.Name, s.Err = Slow, ErrSlowConsumer
	case s.Name == Connecting || s.Name == Reconnecting || s.Name == Failed:
		s.Err = l.failure
	}
	if s.Err != nil {
		s.Cause = strings.TrimPrefix(s.Err.Error(), "native: ")
	}
	return s
}

// abandon ends a socket without waiting for the other side.
func (l *loop) abandon(k *socket, e session.Abandon) {
	if k.conn() == nil {
		k.cancel()
		if at := k.dialing(); !at.IsZero() && time.Since(at) >= minTimeout && l.run.ctx.Err() == nil {
			l.failure = dialError(k.url, k.attempt, nil, context.DeadlineExceeded)
			l.report(l.failure)
		}
		return
	}
	l.close(k, e.Code, e.Reason)
}

// close closes a connection in order, and does not wait for that.
func (l *loop) close(k *socket, code int, reason string) {
	l.closing.Go(func() {
		k.conn().Close(websocket.StatusCode(code), reason)
		k.cancel()
	})
}

// minTimeout is less than any dial is given, and more than a dial has had that a
// wake makes again.
const minTimeout = 900 * time.Millisecond

// networkEvent probes connections that the machine's network no longer carries.
func (l *loop) networkEvent() {
	l.hurry()
	for _, k := range l.sockets {
		if k.conn() != nil && !k.stranded() {
			return
		}
	}
	l.handle(arrival{Input: session.Network{}})
}
