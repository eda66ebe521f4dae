package native

import (
	"cmp"
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

	shown   session.State // latest state of the session
	failure error         // why the last dial failed or the server closed; nil when all is well
	slow    bool          // events wait too long
	cursor  string        // of the session
	held    []Event       // of which the session does not know yet whether they are new
}

// arrival is an input on its way to the session.
type arrival struct {
	session.Input
	events []Event     // of an Events input
	also   func(*loop) // run before the input, by the loop; nil for nothing
}

func newLoop(c *Client, r *run, s *session.Session) *loop {
	return &loop{Client: c, run: r, session: s, inputs: make(chan arrival, 16), sockets: map[int]*socket{},
		timer: time.NewTimer(time.Hour), cursor: s.Cursor()}
}

// drive runs the session until the end.
func (l *loop) drive() {
	networks, stop := watchNetwork()
	defer stop()
	defer l.timer.Stop()
	l.handle(arrival{Input: session.Start{}})
	for l.shown.Name != session.Failed {
		select {
		case a := <-l.inputs:
			l.handle(a)
		case <-l.command:
			for _, in := range l.take() {
				l.handle(arrival{Input: in})
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
func (l *loop) take() []session.Input {
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

// handle hands one input to the session and does what it asks for.
func (l *loop) handle(a arrival) {
	if a.also != nil {
		a.also(l)
	}
	now := time.Now()
	mono := now.Sub(l.epoch) // stands still while the machine sleeps
	effects := l.session.Handle(session.Instant{Mono: mono, Wall: time.Duration(now.UnixNano())}, a.Input)
	gaps := gapsIn(effects, a.events)
	for _, e := range effects {
		l.do(e, a.events, gaps)
	}
	l.watchLag(now)
	l.publish()
	if at, ok := l.session.Deadline(); ok {
		l.timer.Reset(max(0, at-mono))
	} else {
		l.timer.Stop()
	}
}

func (l *loop) do(e session.Effect, events []Event, gaps map[session.Gap]int) {
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
	}
}

// deliver queues the events that the mask lets through. The cursor of an event
// without an id is that of the one before.
func (l *loop) deliver(events []Event, mask []bool, gaps map[session.Gap]int) {
	for i := range events {
		if !mask[i] {
			continue
		}
		for gap, place := range gaps {
			if place == i {
				l.gap(gap)
			}
		}
		e := events[i]
		l.cursor = cmp.Or(e.ID, l.cursor)
		e.Cursor = l.cursor
		l.mu.Lock()
		l.lastAt = e.Received
		l.Client.fresh.received(e)
		l.mu.Unlock()
		l.queue.push(item{event: &e, cursor: e.Cursor, moves: true})
	}
}

func (l *loop) gap(g session.Gap) {
	l.queue.push(item{gap: &Gap{After: g.After, Earliest: g.Earliest, Reason: g.Reason}})
}

func (l *loop) move(cursor string) {
	if cursor != l.cursor {
		l.cursor = cursor
		l.queue.push(item{cursor: cursor, moves: true})
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
	next := l.sessionState()
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
	l.closing.Go(func() {
		k.conn().Close(websocket.StatusCode(e.Code), e.Reason)
		k.cancel()
	})
}

// minTimeout is less than any dial is given, and more than a dial has had that a
// wake makes again.
const minTimeout = 900 * time.Millisecond

// networkEvent probes connections that the machine's network no longer carries.
func (l *loop) networkEvent() {
	for _, k := range l.sockets {
		if k.conn() != nil && !k.stranded() {
			return
		}
	}
	l.handle(arrival{Input: session.Network{}})
}
