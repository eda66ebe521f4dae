package native

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wakesocket/wakesocket/wasm/session"
)

// Client is one resilient connection to a feed. Its methods may be called from any
// goroutine and in every callback.
type Client struct {
	options     Options
	refreshable bool // credentials can be renewed
	queue       *queue
	epoch       time.Time    // origin of the monotonic clock
	refusals    atomic.Int64 // answers like 403 in a row

	mu       sync.Mutex
	run      *run
	closed   bool
	state    State
	changed  chan struct{} // closed and replaced when the state changes
	live     *socket
	cursor   string // up to where the callbacks have finished
	since    string // the same of the newest events
	rtt      time.Duration
	lastAt   time.Time // when the last event was received
	topics   topics
	limit    int64 // bytes of a message that the server accepts; 0 for any
	fresh    freshness
	commands []arrival     // of the methods, for the loop
	command  chan struct{} // holds one value while there are commands
}

// run is the time from a start to the end: Close, the end of the context, or a
// failure that a retry cannot cure.
type run struct {
	started   bool
	parent    context.Context // of the caller
	ctx       context.Context
	cancel    context.CancelCauseFunc
	ended     chan struct{} // closed when the connection has ended
	done      chan struct{} // closed when the last callback has returned, too
	err       error         // why it ended; set before ended is closed
	goroutine atomic.Int64  // id of the one that runs the callbacks
}

func newRun() *run { return &run{ended: make(chan struct{}), done: make(chan struct{})} }

// New returns a client that does nothing yet: Start, Run or Events make it connect.
// The errors are those of the options.
func New(options Options) (*Client, error) {
	refreshable := options.Resolve != nil || options.Header != nil
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	if _, err := session.New(options.session(), rand.Float64); err != nil {
		return nil, fmt.Errorf("native: %w", err)
	}
	return &Client{
		options: options, refreshable: refreshable, queue: newQueue(options.Buffer), epoch: time.Now(), run: newRun(),
		state: State{Name: Connecting, Since: time.Now()}, cursor: options.After, since: options.Since, topics: newTopics(options.Topics, options.Latest),
		changed: make(chan struct{}), command: make(chan struct{}, 1),
	}, nil
}

// Connect is New and Start. The callbacks may begin before Connect returns; they
// are given the client.
func Connect(ctx context.Context, options Options) (*Client, error) {
	c, err := New(options)
	if err != nil {
		return nil, err
	}
	return c, c.Start(ctx)
}

// Start connects, and runs the callbacks in a goroutine of its own until Close, the
// end of the context, or a failure. It fails when the client runs already, or was
// closed.
func (c *Client) Start(ctx context.Context) error {
	r, err := c.begin(ctx)
	if err != nil {
		return err
	}
	go c.dispatch(r, nil)
	return nil
}

// Run is Start in the calling goroutine: all callbacks run in it. It returns why the
// client ended: the cause of the context, ErrClosed, or the failure.
func (c *Client) Run(ctx context.Context) error {
	r, err := c.begin(ctx)
	if err != nil {
		return err
	}
	c.dispatch(r, nil)
	return r.err
}

// begin starts the connection.
func (c *Client) begin(ctx context.Context) (*run, error) {
	if ctx == nil {
		return nil, errors.New("native: the context is nil; use context.Background()")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, ErrClosed
	case c.run.started && !isClosed(c.run.done):
		return nil, ErrRunning
	case c.run.started:
		c.run = newRun()
	}
	r := c.run
	r.started, r.parent = true, ctx
	r.ctx, r.cancel = context.WithCancelCause(ctx)
	c.queue.discard()
	c.commands = nil
	c.refusals.Store(0)
	options := c.options.session()
	options.After = c.cursor
	s, err := session.New(options, rand.Float64)
	if err != nil {
		return nil, err
	}
	go newLoop(c, r, s).drive()
	return r, nil
}

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// finish ends a run whose callbacks have ended.
func (r *run) finish() {
	r.cancel(nil)
	<-r.ended
	close(r.done)
}

// Close ends the connection in order. No event is delivered after it was called,
// but for the one that a callback is handling. It waits for that callback, unless
// it is called in it, and at most a second for the network.
func (c *Client) Close() {
	c.mu.Lock()
	r := c.run
	if !r.started && !c.closed {
		r.err = ErrClosed
		close(r.ended)
		close(r.done)
		c.setState(State{Name: Stopped, Since: time.Now()})
	}
	c.closed = true
	c.mu.Unlock()
	if r.started {
		r.cancel(ErrClosed)
	}
	<-r.ended
	if !r.inCallback() {
		<-r.done
	}
}

// inCallback reports whether the caller runs in the goroutine of the callbacks.
func (r *run) inCallback() bool { return r.goroutine.Load() == goroutineID() }

// Done returns a channel that is closed when the client has ended and no callback
// runs any more.
func (c *Client) Done() <-chan struct{} { return c.current().done }

func (c *Client) current() *run {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.run
}

// Err returns why the client ended: the cause of the context, ErrClosed, or the
// failure. It is nil before.
func (c *Client) Err() error {
	if r := c.current(); isClosed(r.ended) {
		return r.err
	}
	return nil
}

// Wait waits until the client has ended, and returns Err. In a callback it fails
// with ErrWaitInCallback.
func (c *Client) Wait() error {
	r := c.current()
	if r.inCallback() {
		return ErrWaitInCallback
	}
	<-r.done
	return r.err
}

// Ready waits until the state is live. It returns an error when the client ends, or
// ctx does, before that; and ErrWaitInCallback in a callback of a client that has a
// snapshot, since it is live only when the callbacks have handled that.
func (c *Client) Ready(ctx context.Context) error {
	for {
		c.mu.Lock()
		state, changed, r := c.state, c.changed, c.run
		c.mu.Unlock()
		if state.Live() {
			return nil
		}
		if c.options.Snapshot != nil && r.inCallback() {
			return ErrWaitInCallback // the callbacks have to handle the snapshot
		}
		select {
		case <-changed:
		case <-r.ended:
			return r.err
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), state.Err)
		}
	}
}

// State is the state now. OnState gets it later when callbacks are slow.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// setState is called with the lock held.
func (c *Client) setState(s State) {
	c.state = s
	close(c.changed)
	c.changed = make(chan struct{})
}

// Cursor is the position up to which the callbacks have finished: in a callback, it
// is before the event that is handled.
func (c *Client) Cursor() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cursor
}

// Lag is what waits for the callback now.
func (c *Client) Lag() Lag { return c.queue.lag(time.Now()) }

// RTT is the smoothed time between a ping and its answer; 0 before the first.
func (c *Client) RTT() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rtt
}

// LastEventAt is when the last event was received; zero before the first.
func (c *Client) LastEventAt() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lastAt
}

// Reconnect dials now: it ends waiting, probes a connection that looks alive, and
// starts a client again that failed. It has no effect after Close.
func (c *Client) Reconnect() {
	c.mu.Lock()
	r, failed := c.run, c.state.Name == Failed
	c.mu.Unlock()
	if !failed {
		c.post(arrival{Input: session.Reconnect{}, also: (*loop).hurry})
		return
	}
	go func() { // a callback of the run that failed may be the caller
		<-r.done
		_ = c.Start(r.parent) // somebody else may have been faster
	}()
}

// NetworkChanged says that the network changed under the connection. On Linux the
// client notices by itself.
func (c *Client) NetworkChanged() { c.post(arrival{Input: session.Network{}, also: (*loop).hurry}) }

// post hands an input to the loop and never blocks.
func (c *Client) post(a arrival) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || !c.run.started {
		return
	}
	c.commands = append(c.commands, a)
	select {
	case c.command <- struct{}{}:
	default:
	}
}

// do runs something in the loop.
func (c *Client) do(what func(*loop)) { c.post(arrival{Input: session.Tick{}, also: what}) }

// Send writes one message as JSON. Nothing is queued: an error says that the message
// was not sent, or, when it is that of ctx, that it may have been.
func (c *Client) Send(ctx context.Context, message any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	c.mu.Lock()
	live, limit, closed := c.live, c.limit, c.closed
	c.mu.Unlock()
	switch {
	case closed:
		return ErrClosed
	case live == nil:
		return ErrNotLive
	case limit > 0 && int64(len(text)) > limit:
		return ErrTooLarge
	}
	return live.send(ctx, text)
}
