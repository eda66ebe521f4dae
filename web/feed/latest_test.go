package feed

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// newestOf are the events of the frames, as "topic id".
func newestOf(p *peer) (events []string) {
	for _, frame := range p.latest {
		for _, e := range frame.Events {
			events = append(events, e.Topic+" "+e.ID)
		}
	}
	return events
}

// readNewest reads until the newest events that came are these.
func (p *peer) readNewest(want ...string) {
	p.t.Helper()
	p.readUntil(fmt.Sprintf("the newest events are %q", want), func() bool { return len(newestOf(p)) >= len(want) })
	got := newestOf(p)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		p.t.Fatalf("newest events %q, want %q", got, want)
	}
}

// end is the position up to which the client was told to have everything.
func (p *peer) end() (at string) {
	for _, frame := range p.latest {
		if frame.Position != "" {
			at = frame.Position
		}
	}
	return at
}

func TestNewestEventsComeBesideTheOthers(t *testing.T) {
	s := serve(t, Options{}).ready()
	p := s.knowing("", "topic=alerts", "topic=price.*", "topic=price.all", "latest=3600000,price.*")
	if p.hello.Latest == "" || !p.hello.Live {
		t.Errorf("hello %+v", p.hello)
	}
	alert := s.publish("alerts", 1, 1)
	gold := s.publish("price.gold", 2, 2)
	all := s.publish("price.all", 3, 4)
	s.publish("other", 5, 5)
	p.readEvents(3)
	p.readNewest("price.gold " + gold[0])
	if got := []string{p.events[0].ID, p.events[1].ID, p.events[2].ID}; !slices.Equal(got, append(alert, all...)) {
		t.Errorf("the other events are %v", got)
	}
	s.publish("price.gold", 6, 9) // for the next hour
	end := s.publish("alerts", 10, 10)
	p.readEvents(4)
	p.send(wire.Ping)
	p.readUntil("the pong and the position are there", func() bool { return p.pongs == 1 && p.end() != "" })
	if at := p.end(); at == "" || at == end[0] || len(newestOf(p)) != 1 {
		t.Errorf("sent up to %s: %v", at, p.latest)
	}

	// Whoever comes back gets the newest at once, and is live after that.
	q := s.knowing(end[0], "topic=alerts", "topic=price.*", "topic=price.all", "latest=3600000,price.*", "since="+p.end())
	if q.hello.Live || !q.hello.Resumed {
		t.Errorf("hello %+v", q.hello)
	}
	q.readUntil("it is live", func() bool { return len(q.positions) > 0 && q.positions[len(q.positions)-1].Live })
	frame := q.latest[0]
	if len(q.latest) != 1 || len(frame.Events) != 1 || frame.Position != end[0] {
		t.Fatalf("%+v", q.latest)
	}
	if e := frame.Events[0]; e.Topic != "price.gold" || e.Skipped != 3 || e.Count != 5 {
		t.Errorf("%+v", e)
	}
}

// A client that names nothing gets what comes from now on; one with a cursor only, what
// comes after that.
func TestWhereNewestEventsBegin(t *testing.T) {
	s := serve(t, Options{}).ready()
	first := s.publish("a", 1, 3)
	b := s.publish("b", 4, 4)
	s.settle(b[0])
	p := s.knowing("", "topic=a", "topic=b", "latest=50,a", "latest=50,b")
	q := s.knowing(first[1], "topic=a", "topic=b", "latest=50,a", "latest=50,b")
	q.readNewest("a "+first[2], "b "+b[0])
	next := s.publish("a", 5, 5)
	p.readNewest("a " + next[0])
	foreign := s.knowing("", "topic=a", "topic=b", "latest=50,a", "latest=50,b", "since=x-1")
	foreign.readNewest("a "+next[0], "b "+b[0])
	if gap := foreign.latest[0].Gap; gap == nil || gap.Reason != wire.GapEpoch || gap.After != "x-1" {
		t.Errorf("%+v", foreign.latest)
	}
}

// What the table does not know is read from the log, and what the log has lost is a
// gap.
func TestNewestEventsOfTheLog(t *testing.T) {
	log := memory.New(memory.Options{Events: 3000})
	s := serve(t, Options{Store: log, Ring: 10}).ready()
	var last string
	newest := map[string]string{}
	publish := func(topic string) {
		at, err := log.Publish(context.Background(), topic, []byte("1"))
		if err != nil {
			t.Fatal(err)
		}
		last = at.String()
		newest[topic] = last
	}
	publish("lost")
	lost := last
	var start string
	for n := range 3400 {
		publish(fmt.Sprintf("p.%d", n%1200))
		if n == 1000 {
			start = last
		}
	}
	publish("p.one")
	s.settle(last)
	var want []string
	for n := range 1200 {
		topic := fmt.Sprintf("p.%d", n)
		want = append(want, topic+" "+newest[topic])
	}
	want = append(want, "p.one "+newest["p.one"])
	p := s.knowing(last, "topic=p.*", "latest=50,p.*", "since="+start)
	p.readNewest(want...)
	p.readUntil("it is live", func() bool { return len(p.positions) > 0 })
	if p.end() != last {
		t.Errorf("sent up to %s, want %s", p.end(), last)
	}
	for _, frame := range p.latest {
		if frame.Gap != nil {
			t.Errorf("gap %+v", frame.Gap)
		}
	}
	q := s.knowing(last, "topic=p.1", "topic=lost", "latest=50,p.1", "latest=50,lost", "since="+lost)
	q.readUntil("it is live", func() bool { return len(q.positions) > 0 })
	if got := newestOf(q); !slices.Equal(got, []string{"p.1 " + newest["p.1"]}) || q.latest[0].Gap == nil || q.latest[0].Gap.Reason != wire.GapTrimmed {
		t.Errorf("%v of %+v", got, q.latest)
	}
}

func TestNewestEventsUnderARight(t *testing.T) {
	asked := make(chan string, 100)
	s := serve(t, Options{
		Authorize: func(*http.Request) (*Grant, error) { return &Grant{Topics: []string{"a.*", "b.x"}}, nil },
		Topics: func(*http.Request) func(string) bool {
			return func(topic string) bool { asked <- topic; return topic != "a.secret" }
		},
	}).ready()
	p := s.knowing("", "topic=a.*", "topic=b.*", "latest=10,a.*", "latest=10,b.*")
	s.publish("a.secret", 1, 1)
	s.publish("b.y", 2, 2)
	x := s.publish("b.x", 3, 3)
	one := s.publish("a.1", 4, 4)
	p.readNewest("a.1 "+one[0], "b.x "+x[0])
	p.readUntil("everything was sent", func() bool { return p.end() == one[0] })
	close(asked)
	n := map[string]int{}
	for topic := range asked {
		n[topic]++
	}
	if len(n) != 3 || n["b.y"] != 0 || n["a.secret"] != 1 {
		t.Errorf("the hook was asked about %v", n)
	}
}

func TestLatestThatIsWrong(t *testing.T) {
	s := serve(t, Options{}).ready()
	for query, reason := range map[string]string{
		"wakesocket=1&topic=a&latest=0,a":                `"latest" of "a" is 0 ms`,
		"wakesocket=1&topic=a&latest=9,a":                "must be from 10 to 3600000",
		"wakesocket=1&topic=a&latest=-250,a":             "is -250 ms",
		"wakesocket=1&topic=a&latest=86400000,a":         "is 86400000 ms",
		"wakesocket=1&topic=a&latest=a":                  "a comma and a name",
		"wakesocket=1&topic=a&latest=x,a":                "a comma and a name",
		"wakesocket=1&topic=a&latest=250,":               "a comma and a name",
		"wakesocket=1&topic=a&latest=250,a&latest=250,a": "once for each name",
		"wakesocket=1&topic=a&latest=250,b":              "none of the topics beside it",
		"wakesocket=1&topic=a&since=e-1&since=e-2":       `more than one "since"`,
		"topic=a&latest=250,a":                           `"latest" needs "wakesocket=1"`,
	} {
		if ce := s.dial(query).closed(); ce.Code != wire.ClosePolicy || !strings.Contains(ce.Reason, reason) {
			t.Errorf("%s: closed with %v", query, ce)
		}
	}
	p := s.knowing("", "topic=a")
	for message, reason := range map[string]string{
		`{"wakesocket":"add","n":1,"topics":["b"],"latest":{"b":0}}`:          `is 0 ms`,
		`{"wakesocket":"add","n":1,"topics":["b"],"latest":{"c":100}}`:        "none of the topics",
		`{"wakesocket":"topics","n":1,"topics":["b"],"latest":["b"]}`:         "not a object",
		`{"wakesocket":"topics","n":1,"topics":["b"],"latest":{"b":3600001}}`: "is 3600001 ms",
	} {
		p.send(message)
		p.readUntil("there is an error", func() bool { return len(p.errors) > 0 })
		if e := p.errors[0]; e.Code != wire.ErrorInvalid || e.Number != 1 || !strings.Contains(e.Message, reason) {
			t.Errorf("%s: %+v", message, e)
		}
		p.errors = nil
	}
	a := s.publish("a", 1, 1)
	p.readEvents(1)
	if p.events[0].ID != a[0] {
		t.Errorf("%v", p.events)
	}
}

// A topic whose rule changes goes on without a hole, and without an older event after
// a newer one.
func TestRulesThatChange(t *testing.T) {
	s := serve(t, Options{}).ready()
	p := s.knowing("", "topic=a", "topic=b")
	s.publish("a", 1, 1)
	p.readEvents(1)
	p.followed(`{"wakesocket":"add","n":1,"topics":["a","c.*"],"latest":{"a":3600000,"c.*":20}}`, 1)
	a := s.publish("a", 2, 2)
	c := s.publish("c.x", 3, 3)
	p.readNewest("a "+a[0], "c.x "+c[0])
	waits := s.publish("a", 4, 6)
	b := s.publish("b", 7, 7)
	p.readEvents(2)
	p.followed(`{"wakesocket":"topics","n":2,"topics":["a","b"]}`, 2)
	p.readNewest("a "+a[0], "c.x "+c[0], "a "+waits[2])
	s.publish("c.x", 8, 8)
	more := s.publish("a", 9, 10)
	p.readEvents(4)
	if got := []string{p.events[1].ID, p.events[2].ID, p.events[3].ID}; !slices.Equal(got, []string{b[0], more[0], more[1]}) {
		t.Errorf("events %v", got)
	}
	p.followed(`{"wakesocket":"add","n":3,"topics":["b"],"latest":{"b":20}}`, 3)
	p.followed(`{"wakesocket":"remove","n":4,"topics":["b"]}`, 4)
	s.publish("b", 11, 11)
	p.followed(`{"wakesocket":"add","n":5,"topics":["d"],"latest":{"d":20}}`, 5)
	d := s.publish("d", 12, 12)
	p.readNewest("a "+a[0], "c.x "+c[0], "a "+waits[2], "d "+d[0])
	if len(p.events) != 4 {
		t.Errorf("%d events", len(p.events))
	}
}

// A page with cuts and resumes, over a feed that goes on: the newest of each topic in
// the end, and never an older one after a newer one.
func TestNewestEventsOverManyConnections(t *testing.T) {
	random := rand.New(rand.NewPCG(15, 3))
	log := memory.New(memory.Options{Events: 4000})
	s := serve(t, Options{Store: log, Ring: 30}).ready()
	other := serve(t, Options{Store: log, Ring: 500}).ready()
	const topics = 40
	newest, counts := map[string]string{}, map[string]int{}
	had, got := map[string]store.ID{}, map[string]int{}
	countOf := map[string]int{} // of the counts of one server
	cursor, end := "", ""
	counting := ""
	for round := range 60 {
		feed := s
		if random.IntN(4) == 0 {
			feed = other
		}
		query := []string{"topic=p.*", "topic=cpu", "latest=10,p.*"}
		if end != "" {
			query = append(query, "since="+end)
		}
		p := feed.knowing(cursor, query...)
		same := counting == p.hello.Latest
		counting = p.hello.Latest
		if cursor = p.hello.Position; end == "" {
			end = cursor
		}
		first := map[string]bool{}
		seen := 0
		take := func() {
			for ; seen < len(p.latest); seen++ {
				frame := p.latest[seen]
				for _, e := range frame.Events {
					at, _ := store.ParseID(e.ID)
					before := had[e.Topic]
					if first[e.Topic] && at.Compare(before) <= 0 {
						t.Fatalf("round %d: %s of %s after %s", round, e.ID, e.Topic, before)
					}
					if at.Compare(before) < 0 {
						t.Fatalf("round %d: %s of %s comes again after %s", round, e.ID, e.Topic, before)
					}
					switch {
					case first[e.Topic]:
						got[e.Topic] += int(e.Skipped) + 1
						countOf[e.Topic] += int(e.Skipped) + 1
					case same && countOf[e.Topic] > 0 && e.Count > 0:
						got[e.Topic] += int(e.Count) - countOf[e.Topic]
						countOf[e.Topic] = int(e.Count)
					default:
						delete(got, e.Topic) // it is not known how many the page had of those after the end
						countOf[e.Topic] = int(e.Count)
					}
					first[e.Topic] = true
					had[e.Topic] = at
				}
				if frame.Gap != nil {
					t.Fatalf("round %d: gap %+v", round, frame.Gap)
				}
				if frame.Position != "" {
					end = frame.Position
				}
			}
		}
		if round > 0 && random.IntN(3) > 0 {
			p.readUntil("it is live", func() bool {
				n := len(p.positions)
				return p.hello.Live || n > 0 && p.positions[n-1].Live // some tell only how far the replay is
			})
			take()
			for topic, id := range newest {
				if h := had[topic]; h.String() != id {
					t.Fatalf("round %d: live with %s of %s, whose newest is %s", round, h, topic, id)
				}
			}
		}
		var last string
		for n := range 50 + random.IntN(300) {
			topic := fmt.Sprintf("p.%d", random.IntN(1+random.IntN(topics)))
			last = s.publish(topic, n, n)[0]
			newest[topic] = last
			counts[topic]++
		}
		s.settle(last)
		other.settle(last)
		if random.IntN(3) > 0 {
			p.readUntil("it has everything", func() bool { take(); return end == last })
			for topic, id := range newest {
				if h := had[topic]; h.String() != id {
					t.Fatalf("round %d: it was told to have everything, with %s of %s, whose newest is %s", round, h, topic, id)
				}
			}
		}
		p.conn.CloseNow()
	}
}

// A client that has had all of the newest events before it was cut lacks nothing: it is
// live without an event that wakes it, also when its other topics have been quiet.
func TestLiveWithoutAnythingToSend(t *testing.T) {
	s := serve(t, Options{}).ready()
	a := s.publish("a", 1, 3)
	s.settle(a[2])
	for _, query := range []string{"topic=a&latest=10,a", "topic=a&topic=b&latest=10,a", "topic=b&latest=10,b"} {
		p := s.knowing(a[0], query, "since="+a[2])
		p.readUntil("it is live", func() bool { n := len(p.positions); return n > 0 && p.positions[n-1].Live })
		if len(newestOf(p)) > 0 || len(p.events) > 0 || p.cursor != a[2] {
			t.Errorf("%s: %+v, %+v, up to %s", query, p.latest, p.events, p.cursor)
		}
	}
}
