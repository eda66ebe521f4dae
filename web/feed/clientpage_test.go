package feed

import (
	"errors"
	"strings"
	"testing"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// A client whose page cannot be read is sent away with the reason.
func TestPageThatCannotBeRead(t *testing.T) {
	for name, test := range map[string]struct {
		err    error
		cause  string
		code   int
		reason string
		failed int64
	}{
		"trimmed": {&store.GapError{Reason: store.Trimmed}, causeLapped, wire.CloseRestart, "log trimmed past the client", 0},
		"epoch":   {&store.GapError{Reason: store.Epoch}, causeEpoch, wire.CloseRestart, "log epoch changed", 0},
		"future":  {&store.GapError{Reason: store.Future}, causeEpoch, wire.CloseRestart, "log epoch changed", 0},
		"lost":    {errors.New("no route to the log"), causeStore, wire.CloseTryLater, "the log cannot be read", 1},
	} {
		t.Run(name, func(t *testing.T) {
			seen := &noted{}
			f := &Feed{options: Options{Observer: seen}, ring: newRing(4, 1<<20)}
			f.pager = newPager(fails{&book{}, test.err}, patience, newBudget(1<<20))
			c := &client{feed: f}
			c.pos = id(3)
			if page := c.readPage(); len(page) > 0 || c.closing == nil || int(c.closing.Code) != test.code || c.cause != test.cause {
				t.Fatalf("%+v, cause %q", c.closing, c.cause)
			}
			if !strings.HasSuffix(c.closing.Reason, test.reason) || seen.failures(operationAfter) != test.failed {
				t.Errorf("%q, %d failures", c.closing.Reason, seen.failures(operationAfter))
			}
		})
	}
}

// The end of the store is remembered until the ring grows.
func TestEndOfTheStoreIsRemembered(t *testing.T) {
	log := &book{last: 10}
	f := &Feed{ring: newRing(4, 1<<20)}
	f.pager = newPager(log, patience, newBudget(1<<20))
	f.ring.reset(id(3))
	c := &client{feed: f}
	c.pos = id(10)
	if c.storeHasNoMore() {
		t.Error("the store was not asked yet")
	}
	if c.readPage(); !c.storeHasNoMore() || c.closing != nil {
		t.Errorf("the store has nothing after its end; closing %v", c.closing)
	}
	if f.ring.append(logged(4, 4, one("t"))); c.storeHasNoMore() {
		t.Error("the ring has grown")
	}
}

// A page that brings the client nothing leaves what stands for its position.
func TestPageWithoutEventsKeepsTheProof(t *testing.T) {
	f := &Feed{ring: newRing(4, 1<<20), memory: newBudget(1 << 20)}
	f.pager = newPager(&book{}, patience, f.memory)
	c := &client{feed: f}
	c.filter = newFilter([]string{"own"}, &access{})
	c.proof = id(1)
	page := logged(2, 3, one("other"))
	if s := c.fromPage(page); s.batch.n != 0 || c.proof != id(1) || c.pos != id(3) || !c.skipped || c.page.done != 2 || c.replayed != 0 {
		t.Errorf("%d events, proof %v at %v", s.batch.n, c.proof, c.pos)
	}
	page = append(logged(4, 5, one("own")), logged(6, 6, one("other"))...)
	if s := c.fromPage(page); s.batch.n != 2 || c.proof != id(5) || c.pos != id(6) || !c.skipped || c.page.done != 5 || c.replayed != 2 {
		t.Errorf("%d events, proof %v at %v", s.batch.n, c.proof, c.pos)
	}
}

// The position that a client is told is one that lasts, where the log drops events in
// its middle.
func TestPositionThatLasts(t *testing.T) {
	log := newThinned(3)
	log.put("own")
	log.milestone()
	for range 3 {
		log.put("busy")
	}
	names := newFilter([]string{"own"}, &access{}).names
	for name, test := range map[string]struct {
		pos, proof int
		names      map[string]struct{}
		change     func(*client)
		want       int
	}{
		"a milestone":            {5, 1, names, nil, 2},
		"its own later event":    {5, 3, names, nil, 3},
		"another client's epoch": {5, -1, names, nil, 2},
		"every topic":            {5, 0, nil, nil, 5},
		"every topic, proved":    {5, 4, nil, nil, 4},
		"nothing lasts yet":      {1, 0, names, nil, 1},
		"the list is to come":    {5, 1, names, func(c *client) { c.later = true }, 5},
		"newest events":          {5, 1, names, func(c *client) { c.conflation.Store(&conflation{}) }, 5},
		"a log without holes":    {5, 1, names, func(c *client) { c.feed.pager.topics = nil }, 5},
	} {
		t.Run(name, func(t *testing.T) {
			f := &Feed{ring: newRing(10, 1<<20)}
			f.pager = newPager(log, patience, newBudget(1<<20))
			f.pager.topics = log
			f.ring.reset(id(0))
			f.ring.append(encodeAll(log.events))
			c := &client{feed: f}
			c.filter.names, c.pos = test.names, id(test.pos)
			if test.proof > 0 {
				c.proof = id(test.proof)
			} else if test.proof < 0 {
				c.proof = store.ID{Epoch: "d", Major: 1}
			}
			if test.change != nil {
				test.change(c)
			}
			if got := c.lastingPosition(); got != id(test.want) {
				t.Errorf("%v, want %d", got, test.want)
			}
		})
	}
}
