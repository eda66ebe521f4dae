package herd

import (
	"math/rand/v2"
	"time"

	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

var ours = []Way{
	{Name: "wakesocket, plain server", Source: "package session with its defaults", make: func(r *rand.Rand, _ time.Duration) client { return newOurs(r, -1) }},
	{Name: "wakesocket", Source: "package session, and a feed that names a spread and gives advice", spread: true, make: func(r *rand.Rand, window time.Duration) client { return newOurs(r, window) }},
}

// ourClient drives a session. It is hidden until its machine wakes, so that it
// does not look at the clocks twice a second while nothing happens.
type ourClient struct {
	s      *session.Session
	wall   time.Duration // that a sleep has put between the clocks
	gen    int           // of the dial under way
	living int           // of the connection
}

// before is when the clients connected, long before the scenario.
const before = time.Hour

// newOurs returns a client with a connection; spread is negative on a plain server.
func newOurs(r *rand.Rand, spread time.Duration) *ourClient {
	opt := session.Defaults()
	opt.Visible = false
	s, err := session.New(opt, r.Float64)
	if err != nil {
		panic(err)
	}
	c := &ourClient{s: s}
	c.handle(-before, session.Start{})
	c.living = c.gen
	c.handle(-before, session.URLReady{Generation: c.gen})
	c.handle(-before, session.Opened{Generation: c.gen})
	if spread >= 0 {
		c.handle(-before, session.Hello{Generation: c.gen, Position: "e-1", Live: true, FirstRetryWindow: spread})
	}
	c.handle(-before+ms, session.Pong{Generation: c.gen})
	c.handle(-2*ms, session.Tick{}) // a ping is due
	c.handle(-ms, session.Pong{Generation: c.gen})
	c.gen = 0
	return c
}

// handle hands in an input and gathers what the session does about it.
func (c *ourClient) handle(now time.Duration, in session.Input) (p plan) {
	instant := session.Instant{Mono: now + 2*before, Wall: now + 2*before + c.wall}
	for _, e := range c.s.Handle(instant, in) {
		switch e := e.(type) {
		case session.Dial:
			p.dial = true
			c.gen = e.Generation
		case session.Abandon:
			if e.Generation == c.gen {
				p.leave = true
			}
		}
	}
	if p.dial {
		next := c.handle(now, session.URLReady{Generation: c.gen})
		p.at = next.at
		return p
	}
	p.at = never
	if at, ok := c.s.Deadline(); ok {
		p.at = at - 2*before
	}
	return p
}

func (c *ourClient) lost(now time.Duration) plan {
	return c.handle(now, session.Closed{Generation: c.living, Code: 1006})
}

func (c *ourClient) refused(now, advice time.Duration) plan {
	gen, code, reason := c.gen, 1006, ""
	if advice >= 0 {
		reason = wire.Advice(advice, "")
		c.handle(now, session.Opened{Generation: gen})
		code = 1013
	}
	return c.handle(now, session.Closed{Generation: gen, Code: code, Reason: reason})
}

func (c *ourClient) due(now time.Duration) plan { return c.handle(now, session.Tick{}) }

func (c *ourClient) offline(now time.Duration) { c.handle(now, session.Online{On: false}) }

func (c *ourClient) online(now time.Duration) plan {
	return c.handle(now, session.Online{On: true})
}

func (c *ourClient) awake(now time.Duration) plan {
	c.wall += 10 * time.Hour
	return c.handle(now, session.Visible{On: true})
}
