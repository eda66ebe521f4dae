package feed

import (
	"context"
	"fmt"
	"testing"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// fill writes one event for each of so many topics "p.0"…, and returns the first and
// the last position.
func fill(t *testing.T, log *memory.Store, topics int) (first, last string) {
	t.Helper()
	for n := range topics {
		at, err := log.Publish(context.Background(), fmt.Sprint("p.", n), []byte("1"))
		if err != nil {
			t.Fatal(err)
		}
		if last = at.String(); n == 0 {
			first = last
		}
	}
	return first, last
}

// The log is searched in parts when a client lacks more topics than one part has: a gap
// is told once, each topic comes once, and no frame is empty.
func TestManyTopicsThatAreLacked(t *testing.T) {
	const topics = 2*historyEvents + 10
	log := memory.New(memory.Options{Events: topics})
	lost, _ := fill(t, log, 2)
	_, last := fill(t, log, topics)
	s := serve(t, Options{Store: log, Ring: 10}).ready()
	s.settle(last)
	for name, test := range map[string]struct {
		query []string
		gaps  int
	}{
		"told beside the hello": {[]string{"after=" + last, "since=" + lost}, 1},
		"told in the hello":     {[]string{"after=" + lost, "since=" + lost}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := s.dial("wakesocket=1&topic=p.*&latest=3600000,p.*&" + test.query[0] + "&" + test.query[1])
			p.readUntil("it is live", func() bool { n := len(p.positions); return n > 0 && p.positions[n-1].Live })
			gaps, empty := 0, 0
			for _, frame := range p.latest {
				if frame.Gap != nil {
					gaps++
				} else if len(frame.Events) == 0 && frame.Position == "" {
					empty++
				}
			}
			seen := map[string]int{}
			for _, e := range newestOf(p) {
				seen[e]++
			}
			if gaps != test.gaps || empty != 0 || len(seen) != topics || len(newestOf(p)) != topics {
				t.Errorf("%d gaps, %d empty frames, %d events of %d topics", gaps, empty, len(newestOf(p)), len(seen))
			}
			if (p.hello.Gap != nil) != (test.gaps == 0) {
				t.Errorf("hello %+v", p.hello)
			}
		})
	}
}

// One event of each topic is looked for, and none of topics that have a row.
func TestSearchForWhatIsLacked(t *testing.T) {
	table := newTable(100)
	table.publish("a", "a", "b", "b")
	s := table.sampler(t, 0, wire.Latest{"a": 10, "b": 10})
	s.rows["b"] = &row{}
	s.lack = &lack{before: id(4)}
	q := s.conflation.search(&s.filter)
	table.ring.search(q)
	if len(q.found) != 1 || q.found[0].id != id(2) || q.after != s.lack.after {
		t.Errorf("%+v", q.found)
	}
	s.lack.before.Epoch, s.lack.before.Major = "", 0
	if q := s.conflation.search(&s.filter); q.before != afterHead(table.from) {
		t.Errorf("the first part ends at %v", q.before)
	}
}

// What is found in the log is sent as what the client has lacked since before it came.
func TestWhatIsFoundInTheLog(t *testing.T) {
	table := newTable(100)
	s := table.sampler(t, 5, wire.Latest{"a": 10, "b": 10})
	s.expect("")
	table.last = 9
	table.publish("b")
	for _, topic := range []string{"a", "a", "b", "other"} {
		e := entry{id: id(3), topic: topic, frame: []byte(`{"id":"e-3","topic":"` + topic + `","data":1}`)}
		s.crowded = true
		s.step()
		s.found(&e, &s.filter, int64(s.now))
		s.holds(again, 0)
	}
	if !s.behind() || s.complete() != id(5) {
		t.Errorf("behind %v, complete up to %v", s.behind(), s.complete())
	}
	s.crowded = false
	if s.expect("a3 b10"); s.behind() || s.end != "e-10" {
		t.Errorf("behind %v, told %s", s.behind(), s.end)
	}
}

// A log that fails while a client lacks something sends the client away: it would be
// called live without what it lacks.
func TestLogFailsWhileAClientLacksSomething(t *testing.T) {
	log, seen := newBroken(), &noted{}
	s := serve(t, Options{Store: log, Ring: 2, Observer: seen}).ready()
	s.publish("a", 1, 1)
	last := s.publish("b", 2, 9)
	s.settle(last[7])
	c := &client{feed: s.Feed}
	c.filter, c.writing = newFilter([]string{"a"}, &access{}), true
	c.filter.conflate(wire.Latest{"a": 50})
	_, c.pos, _ = s.ring.head()
	c.conflate(c.pos, "e-1")
	if c.conflation.Load().lack == nil {
		t.Fatal("nothing is lacked")
	}
	log.down.Store(true)
	if !c.readLack() || c.conflation.Load().lack != nil || c.closing == nil || c.closing.Code != wire.CloseTryLater || c.cause != causeStore {
		t.Errorf("closing %v, cause %q", c.closing, c.cause)
	}
	if n := seen.failures(operationAfter); n != 1 {
		t.Errorf("%d failures are counted", n)
	}
}

// A client that names its topics in its first message goes on from where it was.
func TestNewestEventsOfAListToCome(t *testing.T) {
	s := serve(t, Options{}).ready()
	a := s.publish("a", 1, 3)
	b := s.publish("b", 4, 4)
	s.settle(b[0])
	list := `{"wakesocket":"topics","n":1,"topics":["a","b"],"latest":{"a":50,"b":50}}`
	p := s.knowing(b[0], "topics=later", "since="+a[2])
	p.followed(list, 1)
	p.readNewest("b " + b[0])
	q := s.knowing(a[1], "topics=later")
	q.followed(list, 1)
	q.readNewest("a "+a[2], "b "+b[0])
	// In two parts: what comes before the second one is not missed.
	r := s.knowing(b[0], "topics=later", "since="+a[1])
	r.send(`{"wakesocket":"add","topics":["b"],"latest":{"b":50},"more":true}`)
	r.followed(`{"wakesocket":"add","n":1,"topics":["a"],"latest":{"a":50}}`, 1)
	r.readNewest("a "+a[2], "b "+b[0])
}

// What changes between the question for newest events and the answer is not missed.
func TestChangesWhileARuleBegins(t *testing.T) {
	s := serve(t, Options{}).ready()
	at := s.publish("a", 1, 3)
	s.settle(at[2])
	c := &client{feed: s.Feed, network: newNetwork(&fakeConn{})}
	c.filter, c.writing = newFilter([]string{"b"}, &access{}), true
	_, c.pos, _ = s.ring.head()
	early := c.pos
	early.Major--
	for i, name := range []string{"a", "c"} {
		c.changeLatest(func(f *filter) { f.conflate(wire.Latest{name: 50}) }, early)
		cf := c.conflation.Load()
		cf.look(&c.filter, monotonicNow())
		if n := len(cf.waiting); n != i+1 || cf.behind() {
			t.Errorf("%d topics wait, behind %v", n, cf.behind())
		}
		s.settle(s.publish("c", 4, 4)[0])
		cf.look(&c.filter, monotonicNow()) // c is not conflated yet
	}
}

// A frame with newest events counts in the budget while it is written, and no longer.
func TestFramesOfNewestEventsAreGivenBack(t *testing.T) {
	s := serve(t, Options{}).ready()
	p := s.knowing("", "topic=a", "latest=10,a")
	for n := range 5 {
		s.publish("a", n, n)
		p.readUntil("it has come", func() bool { return len(newestOf(p)) > n })
	}
	until(t, "all memory is given back", func() bool { return s.memory.used.Load() == 0 })
}
