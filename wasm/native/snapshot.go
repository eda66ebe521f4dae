package native

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/wakesocket/wakesocket/wasm/internal/snapshot"
	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

// Snapshot is a state, and the position up to which it includes the events of the
// feed.
type Snapshot struct {
	// At is the position as the server gives it: feed.Position in Go,
	// wakesocket.position() in PostgreSQL. Read it in one transaction with the state,
	// or before the state; then events must be such that to apply one twice does no
	// harm.
	At   string
	Data any
	// Reason is why it was loaded: what Options.Snapshot was given.
	Reason string
}

// Reasons of a [Snapshot], besides those of a [Gap].
const (
	SnapshotStart    = snapshot.Start    // the client starts without a cursor
	SnapshotOverflow = snapshot.Overflow // more events came while it was loaded than are held
	SnapshotRequest  = snapshot.Request  // ReloadSnapshot was called
)

// What [State.Snapshot] says.
const (
	SnapshotLoading = "loading" // the program lacks a snapshot, or events that belong to it
	SnapshotFailed  = "failed"  // and the last call of Options.Snapshot failed
)

// ErrNoSnapshot says that the client has no Options.Snapshot.
var ErrNoSnapshot = errors.New("native: the client has no snapshot; set Options.Snapshot and OnSnapshot")

// SnapshotError is a snapshot that could not be had, or whose position the feed does
// not know. Options.Snapshot is called again.
type SnapshotError struct {
	Attempt int           // failures in a row
	Wait    time.Duration // until the next call
	Err     error         // what Options.Snapshot returned, or what is wrong with its answer
}

func (e *SnapshotError) Error() string {
	return fmt.Sprintf("native: snapshot failed (attempt %d): %v. It is called again in %v", e.Attempt, e.Err, e.Wait)
}

func (e *SnapshotError) Unwrap() error { return e.Err }

// ReloadSnapshot calls Options.Snapshot for another snapshot, or sooner when the last
// call failed. It fails with ErrNoSnapshot where there is no such function.
func (c *Client) ReloadSnapshot() error {
	if c.options.Snapshot == nil {
		return ErrNoSnapshot
	}
	c.do(func(l *loop) { l.snapshots.stream.Request() })
	return nil
}

// snapshots stand between the session of a loop and its queue. It is the loop's
// alone.
type snapshots struct {
	*loop
	stream  *snapshot.Stream[Event] // nil without Options.Snapshot
	cancel  context.CancelFunc      // of the call under way
	failure *SnapshotError          // of the last call; nil after none
	back    string                  // position to which the feed has to go back; "" for none
	asked   bool                    // the server is to be asked for the feed's position
	pending bool                    // as it was at the last look
	given   int                     // snapshots that were given, with the events that were held
	handled int                     // of these, how many the callbacks have handled
}

func (s *snapshots) init(l *loop, after string) {
	s.loop, s.cancel = l, func() {}
	if l.options.Snapshot != nil {
		s.stream = snapshot.New[Event](s, after, func() time.Duration { return l.now }, rand.Float64, snapshot.DefaultLimits)
		s.pending = s.stream.Pending()
	}
}

// missing reports whether the program lacks a snapshot, or has not handled it yet.
func (s *snapshots) missing() bool { return s.stream != nil && (s.pending || s.handled < s.given) }

// look notices when a snapshot was given. The callbacks tell when they have handled
// it, and the events that were held.
func (s *snapshots) look() {
	was := s.pending
	s.pending = s.stream.Pending()
	if was && !s.pending {
		s.loop.latest.conflation.Flush(s.now) // the newest of what was held
		s.given++
		s.queue.push(item{then: func(l *loop) { l.snapshots.handled++ }})
	}
}

// Chooses implements snapshot.Host, as do the methods after it.
func (s *snapshots) Chooses() bool { return s.latest.wanted && s.latest.newest.Chosen }

// Load calls the function of the program.
func (s *snapshots) Load(number int, reason string) {
	ctx, cancel := context.WithCancel(s.run.ctx)
	s.cancel = cancel
	go func() {
		answer, err := s.options.Snapshot(ctx, reason)
		s.arrive(arrival{Input: session.Tick{}, also: func(l *loop) {
			if err != nil {
				l.snapshots.stream.Failed(number, err)
			} else {
				l.snapshots.stream.Loaded(number, answer.At, answer.Data)
			}
		}})
	}()
}

func (s *snapshots) Abort()           { s.cancel() }
func (s *snapshots) Ask()             { s.asked = true }
func (s *snapshots) Resume(at string) { s.back = at }

func (s *snapshots) Give(g snapshot.Snapshot) {
	s.loop.latest.conflation.Flush(s.now)
	s.told = g.At
	i := item{snapshot: &Snapshot{At: g.At, Data: g.Data, Reason: g.Reason}, cursor: g.At, moves: true}
	if s.loop.latest.wanted {
		i.newest = g.At
	}
	s.queue.push(i)
}

func (s *snapshots) Deliver(items []snapshot.Item[Event], replayed bool) {
	for _, i := range items {
		since := i.Event.Received
		if replayed {
			since = time.Now() // who held it was the client
		}
		s.push(i.Event, since)
	}
}

func (s *snapshots) SnapshotFailed(f snapshot.Failure) {
	err := f.Err
	if err == nil {
		err = errors.New(f.Message)
	}
	s.failure = &SnapshotError{Attempt: f.Attempt, Wait: f.Wait, Err: err}
	s.report(s.failure)
}

// state is that of the client while a snapshot is missing.
func (s *snapshots) state(of State) State {
	connected := of.Name == Live || of.Name == Checking || of.Name == Slow
	switch {
	case !s.missing() || of.Name == Stopped || of.Name == Failed:
		return of
	case s.stream.Failure() == "":
		of.Snapshot = SnapshotLoading
	default:
		of.Snapshot = SnapshotFailed
	}
	if !connected {
		return of
	}
	of.Name = Connecting
	if s.wasLive {
		of.Name = Reconnecting
	}
	of.Attempt, of.Cause, of.Err, of.RetryAt = s.stream.Attempt(), "the snapshot is loading", nil, time.Time{}
	if at, ok := s.stream.RetryAt(); ok {
		of.RetryAt = s.epoch.Add(at)
	}
	if text := s.stream.Failure(); text != "" {
		of.Cause, of.Err = "snapshot failed: "+text, s.failure
	}
	return of
}

// goBack makes the feed go on after the position of a snapshot, over another
// connection.
func (l *loop) goBack(at string) {
	for generation, k := range l.sockets {
		delete(l.sockets, generation)
		if k.conn() == nil {
			k.cancel()
		} else {
			l.close(k, wire.CloseNormal, "the client goes on after another position")
		}
	}
	options := l.options.session()
	options.After = at
	s, err := session.New(options, rand.Float64)
	if err != nil {
		return // New has checked the options
	}
	l.session, l.cursor, l.held = s, at, nil
	l.latest.newest.Restart(at)
	l.step(session.Start{}, nil)
}
