package herd

import (
	"math/rand/v2"
	"time"
)

// client is one that lost its connection and wants it back. Its methods are told
// what happens and answer when it dials, and how long it lets a dial take.
type client interface {
	// lost is the end of its connection.
	lost(now time.Duration) plan
	// refused is a dial that failed; advice is the server's, negative for none.
	refused(now, advice time.Duration) plan
	// due is the time that it had asked for.
	due(now time.Duration) plan
	// offline and online are the browser's events.
	offline(now time.Duration)
	online(now time.Duration) plan
	// awake is the machine's waking, with a connection that died in the sleep.
	awake(now time.Duration) plan
}

// plan is what a client does next.
type plan struct {
	dial  bool          // now
	leave bool          // the dial under way is given up
	at    time.Duration // ask again then; never when there is nothing to wait for
}

const never = time.Duration(1<<63 - 1)

// Way is a way of retrying.
type Way struct {
	Name   string
	Source string                                          // where its numbers come from
	spread bool                                            // the server helps: spread in hello, advice when it is too much
	make   func(r *rand.Rand, window time.Duration) client // window: the spread that its server named
}

// formula is a client that dials after a delay, gives a dial up after a timeout,
// and knows nothing else.
type formula struct {
	delay   func(failures int) time.Duration // since it was last connected; 0 right after the loss
	timeout time.Duration
	hears   bool // dials at once on the browser's online event
	notices time.Duration

	failures int
	dialing  bool
	next     time.Duration
}

func (f *formula) lost(now time.Duration) plan {
	f.failures, f.dialing = 0, false
	return f.wait(now)
}

func (f *formula) wait(now time.Duration) plan {
	f.next = now + f.delay(f.failures)
	f.failures++
	return plan{at: f.next}
}

func (f *formula) refused(now, _ time.Duration) plan {
	f.dialing = false
	return f.wait(now)
}

func (f *formula) due(now time.Duration) plan {
	switch {
	case now < f.next:
		return plan{at: f.next}
	case f.dialing:
		f.dialing = false
		p := f.wait(now)
		p.leave = true
		return p
	}
	return f.dial(now)
}

func (f *formula) dial(now time.Duration) plan {
	f.dialing = true
	f.next = now + f.timeout
	return plan{dial: true, at: f.next}
}

func (f *formula) offline(time.Duration) {}

func (f *formula) online(now time.Duration) plan {
	if f.hears && !f.dialing {
		return f.dial(now)
	}
	return plan{at: f.next}
}

// awake finds the loss after the time that the client's heartbeat takes.
func (f *formula) awake(now time.Duration) plan {
	f.failures = 0
	f.next = now + f.notices + f.delay(0)
	f.failures++
	return plan{at: f.next}
}
