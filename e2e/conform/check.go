package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// options are what the checker has to know of the server.
type options struct {
	url      *url.URL
	header   http.Header
	patience time.Duration // for an answer, and for the next event
	keeps    int           // how many events the log of the server holds, 0 if unknown
	refused  string        // a query that the server refuses, "" if there is none
	restart  func() error  // restarts the server; nil if that is not possible
}

type checker struct {
	options
	*report
	ctx     context.Context
	readers sync.WaitGroup // of connections, and the history: they write into the report
	history *history
	full    bool // the server sends a hello to clients that say wakesocket=1
}

// enough is how many events the replay rules need before they begin.
const enough = 12

// conform puts the server to the test.
func conform(o options) (*report, error) {
	ctx, cancel := context.WithCancel(context.Background())
	c := &checker{options: o, report: newReport(), ctx: ctx, history: newHistory()}
	defer func() { cancel(); c.readers.Wait() }()
	k, err := c.dial(nil)
	if err != nil {
		return nil, err
	}
	k.close()
	c.readers.Go(func() { c.history.follow(c) })
	if !c.history.wait(enough, 10*c.patience) {
		if !c.anyBroken("id", "unique", "event", "text") {
			return nil, fmt.Errorf("the server sent %d events in %v: let it publish some each second while it is tested", c.history.len(), 10*c.patience)
		}
		return c.report, nil // without usable events there is nothing to compare
	}
	for _, check := range []func(){
		c.checkHello, c.checkPong, c.checkOrder, c.checkReplays, c.checkGap, c.checkTopics, c.checkMessages, c.checkRefusal,
		c.checkSlow, c.checkTrimmed, c.checkRestart,
	} {
		check()
	}
	return c.report, nil
}

// query is that of a client. Our client also names itself and what it lost.
func query(full bool, after string) url.Values {
	q := url.Values{}
	if after != "" {
		q.Set(wire.QueryAfter, after)
	}
	if full {
		q.Set(wire.QueryVersion, wire.Version)
		q.Set(wire.QueryClient, "conform")
		if after != "" {
			q.Set(wire.QueryPrevious, wire.Previous{Cause: wire.CauseReset, Up: time.Minute, Down: time.Second}.String())
		}
	}
	return q
}

// oldest is a place in the history that the server still has.
func (c *checker) oldest() int {
	if c.keeps == 0 {
		return 0
	}
	return max(0, c.history.len()-c.keeps/2)
}

// modes are those in which the server is tested.
func (c *checker) modes() []bool { return []bool{false, true} }

func modeName(full bool) string {
	if full {
		return "full mode"
	}
	return "plain mode"
}

// connect dials; not being let in breaks the rule.
func (c *checker) connect(rule string, q url.Values) *conn {
	c.check(rule)
	k, err := c.dial(q)
	if err != nil {
		c.fail(rule, "%v", err)
		return nil
	}
	return k
}

// expect reads n events, which must be those that follow the place in the history.
func (c *checker) expect(rule, where string, k *conn, place, n int) {
	for range n {
		place++
		e, err := k.nextEvent(c.patience)
		if err != nil {
			if err != errQuiet {
				c.fail(rule, "%s: %s", where, closeText(err))
			} else if c.history.wait(place+1, c.patience) {
				c.fail(rule, "%s: the event %q did not come", where, c.history.at(place).id)
			}
			return
		}
		if !c.history.wait(place+1, c.patience) {
			c.fail(rule, "%s: the event %q came, which another client did not get", where, e.id)
			return
		}
		want := c.history.at(place)
		if e.id != want.id {
			c.fail(rule, "%s: %s", where, c.describe(e.id, place))
			return
		}
		if !sameJSON(e.raw, want.raw) {
			c.fail(rule, "%s: the event %q has other content than before", where, e.id)
			return
		}
	}
}

// describe says what is wrong with an id that came instead of the one at a place.
func (c *checker) describe(id string, place int) string {
	want := c.history.at(place).id
	at, known := c.history.find(id)
	switch {
	case !known:
		return fmt.Sprintf("the event %q came, which another client did not get; %q should have come", id, want)
	case at < place:
		return fmt.Sprintf("the event %q came again; %q should have come", id, want)
	}
	return fmt.Sprintf("the event %q came; %d before it are missing, the first is %q", id, at-place, want)
}

// first reads the first event, and finds its place in the history.
func (c *checker) first(rule, where string, k *conn) (place int, ok bool) {
	e, err := k.nextEvent(c.patience)
	if err != nil {
		c.fail(rule, "%s: %s before the first event", where, closeText(err))
		return 0, false
	}
	if place, ok = c.place(e); !ok {
		c.fail(rule, "%s: the event %q came, which another client did not get", where, e.id)
	}
	return place, ok
}

// place finds an event in the history, where it may come a little later.
func (c *checker) place(e event) (place int, ok bool) {
	for deadline := time.Now().Add(c.patience); ; {
		n := c.history.len()
		if place, ok = c.history.find(e.id); ok || time.Now().After(deadline) {
			return place, ok
		}
		c.history.wait(n+1, time.Until(deadline))
	}
}
