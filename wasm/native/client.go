// Package native drives the same session as client.wasm over coder/websocket, on
// any system that Go runs on: a client for Go programs, and for tests that need
// thousands of clients.
package native

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/session"
)

// Options of a [Client]. URL or Resolve is needed, the rest has defaults.
type Options struct {
	URL     string                                                // ws, wss, http or https
	Resolve func(ctx context.Context, fresh bool) (string, error) // asked before each dial instead of URL; fresh: the last token was refused
	Session func(*session.Options)                                // changes the defaults of package session
	Topics  []string                                              // none means all
	ID      string                                                // names this client in the server's drop log
	Dial    *websocket.DialOptions                                // headers, HTTP client
	OnEvent func(Event)                                           // each event once and in order
	OnState func(session.State)                                   //
	OnGap   func(session.Gap)                                     // events that are missing for good
	OnError func(error)                                           // frames that make no sense, addresses that cannot be had
}

// leaveTimeout bounds how long Close takes.
const leaveTimeout = time.Second

// Event is one event as the server sent it.
type Event struct {
	ID    string
	Topic string
	Data  json.RawMessage
	Raw   json.RawMessage // the whole object
}

// ErrNotLive is returned by Send while there is no live connection; nothing is queued.
var ErrNotLive = errors.New("native: not live")

// Client is one resilient connection. Its methods are safe for concurrent use;
// its callbacks run one at a time and must not block for long.
type Client struct {
	opt   Options
	start time.Time
	ctx   context.Context
	stop  context.CancelFunc
	done  chan struct{}

	inputs  chan arrival
	closing sync.WaitGroup // sockets on their way out
	session *session.Session
	sockets map[int]*socket
	timer   *time.Timer
	held    []Event // of which the session does not know yet whether they are new

	mu     sync.Mutex
	state  session.State
	cursor string
	live   *socket
}

// arrival is an input on its way to the session, and the events it stands for.
type arrival struct {
	session.Input
	events []Event
}

// Connect starts a client and returns at once. It runs until Close, or until ctx
// ends. The errors are those of the options.
func Connect(ctx context.Context, opt Options) (*Client, error) {
	if opt.Resolve == nil {
		if _, err := url.Parse(opt.URL); err != nil || opt.URL == "" {
			return nil, errors.New("native: Options.URL is no address, and Options.Resolve is not set")
		}
		opt.Resolve = func(context.Context, bool) (string, error) { return opt.URL, nil }
	}
	tuned := session.Defaults()
	if opt.Session != nil {
		opt.Session(&tuned)
	}
	s, err := session.New(tuned, rand.Float64)
	if err != nil {
		return nil, err
	}
	c := &Client{
		opt: opt, start: time.Now(), session: s, done: make(chan struct{}), inputs: make(chan arrival, 16),
		sockets: map[int]*socket{}, timer: time.NewTimer(time.Hour), state: session.State{Name: session.Connecting, RetryAt: -1}, cursor: tuned.After,
	}
	c.ctx, c.stop = context.WithCancel(ctx)
	go c.run()
	return c, nil
}

// State is what a page would show.
func (c *Client) State() session.State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Cursor is the id of the last event that was delivered, or the position that
// the server told.
func (c *Client) Cursor() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cursor
}

// Reconnect dials now; it also ends the state failed.
func (c *Client) Reconnect() { c.post(arrival{Input: session.Reconnect{}}) }

// Network says that the network changed under the connection.
func (c *Client) Network() { c.post(arrival{Input: session.Network{}}) }

// Send writes one message as JSON. [ErrNotLive] means that it was not sent.
func (c *Client) Send(ctx context.Context, message any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	c.mu.Lock()
	live := c.live
	c.mu.Unlock()
	if live == nil {
		return ErrNotLive
	}
	return live.conn.Write(ctx, websocket.MessageText, text)
}

// Close leaves in order and waits until the client has ended.
func (c *Client) Close() {
	c.stop()
	<-c.done
}

func (c *Client) post(a arrival) {
	select {
	case c.inputs <- a:
	case <-c.ctx.Done():
	}
}

func (c *Client) run() {
	defer close(c.done)
	c.handle(arrival{Input: session.Start{}})
	for {
		select {
		case a := <-c.inputs:
			c.handle(a)
		case <-c.timer.C:
			c.handle(arrival{Input: session.Tick{}})
		case <-c.ctx.Done():
			c.handle(arrival{Input: session.Stop{}})
			c.leave()
			return
		}
	}
}

// leave gives the closing handshake a moment; on a dead network it takes for ever.
func (c *Client) leave() {
	left := make(chan struct{})
	go func() {
		c.closing.Wait()
		close(left)
	}()
	select {
	case <-left:
	case <-time.After(leaveTimeout):
	}
}

// handle hands one input to the session and does what it asks for.
func (c *Client) handle(a arrival) {
	now := time.Now()
	mono := now.Sub(c.start) // stands still while the machine sleeps
	effects := c.session.Handle(session.Instant{Mono: mono, Wall: time.Duration(now.UnixNano())}, a.Input)
	c.mu.Lock()
	c.cursor = c.session.Cursor()
	c.mu.Unlock()
	for _, e := range effects {
		c.do(e, a.events)
	}
	if at, ok := c.session.Deadline(); ok {
		c.timer.Reset(max(0, at-mono))
	} else {
		c.timer.Stop()
	}
}

func (c *Client) do(e session.Effect, events []Event) {
	switch e := e.(type) {
	case session.Dial:
		c.sockets[e.Generation] = c.dial(e)
	case session.Abandon:
		if k := c.sockets[e.Generation]; k != nil {
			delete(c.sockets, e.Generation)
			k.abandon(websocket.StatusCode(e.Code), e.Reason)
		}
	case session.Ping:
		if k := c.sockets[e.Generation]; k != nil {
			k.ping()
		}
	case session.Deliver:
		c.deliver(events, e.Mask)
		c.held = append(c.held, events[len(events)-e.Held:]...)
	case session.Release:
		c.deliver(c.held, e.Mask)
		c.held = nil
	case session.Gap:
		if c.opt.OnGap != nil {
			c.opt.OnGap(e)
		}
	case session.State:
		c.mu.Lock()
		c.state, c.live = e, c.sockets[e.Generation]
		c.mu.Unlock()
		if c.opt.OnState != nil {
			c.opt.OnState(e)
		}
	}
}

func (c *Client) deliver(events []Event, mask []bool) {
	if c.opt.OnEvent == nil {
		return
	}
	for i, e := range events {
		if mask[i] {
			c.opt.OnEvent(e)
		}
	}
}

func (c *Client) report(err error) {
	if c.opt.OnError != nil && c.ctx.Err() == nil {
		c.opt.OnError(err)
	}
}
