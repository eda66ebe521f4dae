package native

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/web/feed"
)

// skips are events as their topic and data, with what was passed over for them.
func skips(events []Event) string {
	var all []string
	for _, e := range events {
		text := e.Topic + string(e.Data)
		if e.Skipped > 0 {
			text += "/" + strconv.Itoa(e.Skipped)
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

// collect has OnEvent keep the events.
func (r *recorder) collect(o *Options) *[]Event {
	events := &[]Event{}
	o.OnEvent = func(_ *Client, e Event) { r.note(func() { *events = append(*events, e) }) }
	return events
}

// The server chooses: events of other topics come beside, and after a cut the newest
// of each topic.
func TestNewestEventsOfAFeed(t *testing.T) {
	f, proxy := serve(t, feed.Options{})
	r := newRecorder()
	o := quick(r.options("http://" + proxy.Addr()))
	o.Topics, o.Latest = []string{"alerts", "price.all"}, map[string]time.Duration{"price.*": time.Hour}
	got := r.collect(&o)
	c := start(t, o)
	r.until(t, "live", r.live)
	if text := fmt.Sprint(c.Topics()); text != "[alerts price.all price.*]" {
		t.Errorf("topics %s", text)
	}
	byTopic(t, f, "price.a", "1")
	r.until(t, "the first", func() bool { return len(*got) == 1 })
	for n := 2; n <= 4; n++ {
		byTopic(t, f, "price.a", strconv.Itoa(n))
	}
	byTopic(t, f, "price.all", "5")
	last := byTopic(t, f, "alerts", "6")
	r.until(t, "the others", func() bool { return len(*got) == 3 })
	if text := skips(*got); text != "price.a1 price.all5 alerts6" || c.Cursor() != last {
		t.Errorf("got %s, cursor %q, want %q", text, c.Cursor(), last)
	}
	// A server tells at each ping up to where it has sent everything: the topic waits.
	eventually(t, "a position", func() bool { return c.Since() != "" })
	if since := c.Since(); since == last {
		t.Errorf("the newest events are complete up to %q, though one waits", since)
	}
	proxy.Existing(faultproxy.Reset)
	r.until(t, "the newest after the cut", func() bool { return len(*got) == 4 })
	eventually(t, "nothing waits", func() bool { return c.Since() == last })
	if text := skips(*got); text != "price.a1 price.all5 alerts6 price.a4/2" || len(r.gaps) > 0 {
		t.Errorf("got %s, gaps %v", text, r.gaps)
	}
	if at := c.LastEventAt(); !at.Equal((*got)[3].Received) || (*got)[3].Cursor != last {
		t.Errorf("the last event came at %v: %+v", at, (*got)[3])
	}
	c.Close()

	// A program that starts again gives both positions.
	for n := 7; n <= 9; n++ {
		last = byTopic(t, f, "price.b", strconv.Itoa(n))
	}
	again := newRecorder()
	o = again.options("http://" + proxy.Addr())
	o.Topics, o.Latest, o.After, o.Since = []string{"alerts"}, map[string]time.Duration{"price.*": 0}, last, c.Since()
	got = again.collect(&o)
	start(t, o)
	again.until(t, "what changed after the position", func() bool { return len(*got) == 1 })
	if text := skips(*got); text != "price.b9/2" {
		t.Errorf("after a restart: %s", text)
	}
}

// A server that does not know of newest events sends all, and the client passes the
// older ones over.
func TestNewestEventsOfAPlainServer(t *testing.T) {
	frames := make(chan string)
	queries := make(chan url.Values, 10)
	address := handler(t, func(r *http.Request, conn *websocket.Conn) {
		queries <- r.URL.Query()
		go func() {
			for f := range frames {
				conn.Write(context.Background(), websocket.MessageText, []byte(f))
			}
		}()
		plain(conn)
	})
	defer close(frames)
	r := newRecorder()
	o := r.options(address)
	o.Topics, o.Latest = []string{"b"}, map[string]time.Duration{"a": time.Hour}
	got := r.collect(&o)
	c := start(t, o)
	if q := <-queries; q.Get("latest") != "3600000,a" || fmt.Sprint(q["topic"]) != "[b a]" || q.Has("since") {
		t.Errorf("the dial asks for %v", q)
	}
	r.until(t, "live", r.live)
	for n, topic := range []string{"a", "a", "b", "a"} {
		frames <- fmt.Sprintf(`{"id":"%d","topic":"%s","data":%d,"skipped":7}`, n+1, topic, n+1)
	}
	eventually(t, "the cursor after the last", func() bool { return c.Cursor() == "4" })
	if text := skips(*got); text != "a1 b3" || c.Since() != "1" {
		t.Errorf("got %s, newest events up to %q", text, c.Since())
	}
	if err := c.SetLatest(nil, "a", "b"); err != nil {
		t.Fatal(err)
	}
	r.until(t, "what waited", func() bool { return len(*got) == 3 })
	if text := skips(*got); text != "a1 b3 a4/1" {
		t.Errorf("got %s", text)
	}
	eventually(t, "another dial", func() bool { return len(queries) == 1 })
	if q := <-queries; q.Has("latest") || fmt.Sprint(q["topic"]) != "[a b]" {
		t.Errorf("the next dial asks for %v", q)
	}
}

// One server does not know of newest events, after one that did: what it does not send
// is a gap.
func TestAnotherServerThatSendsEveryEvent(t *testing.T) {
	hello := func(more string) func(*http.Request, *websocket.Conn) {
		return func(_ *http.Request, conn *websocket.Conn) {
			plain(conn, `{"wakesocket":"hello","resumed":true,"at":"e-9","live":true`+more+`}`)
		}
	}
	r := newRecorder()
	o := r.options(handler(t, hello("")))
	o.Topics, o.Latest, o.After, o.Since = []string{"b"}, map[string]time.Duration{"a": 0}, "e-9", "e-4"
	start(t, o)
	r.until(t, "a gap", func() bool { return len(r.gaps) == 1 })
	if r.gaps[0] != (Gap{After: "e-4", Reason: "unknown"}) {
		t.Errorf("%+v", r.gaps)
	}
	known := newRecorder()
	o.URL, o.OnGap, o.OnState = handler(t, hello(`,"latest":"c"`)), known.options("").OnGap, known.options("").OnState
	start(t, o)
	known.until(t, "live", known.live)
	if len(known.gaps) > 0 {
		t.Errorf("%+v", known.gaps)
	}
}

// Topics whose newest event is wanted come and go.
func TestTopicsOfNewestEventsChange(t *testing.T) {
	f, proxy := serve(t, feed.Options{})
	r := newRecorder()
	o := r.options("http://" + proxy.Addr())
	o.Topics = []string{"a"}
	got := r.collect(&o)
	c := start(t, o)
	r.until(t, "live", r.live)
	add := func(o AddOptions, topics ...string) {
		t.Helper()
		if _, err := c.AddTopics(patient(t), topics, o); err != nil {
			t.Fatal(err)
		}
	}
	publish := func(topic string, from, to int) {
		for n := from; n <= to; n++ {
			byTopic(t, f, topic, strconv.Itoa(n))
		}
	}
	add(AddOptions{Latest: true, Every: time.Hour}, "p.*")
	publish("p.x", 1, 1)
	r.until(t, "the first", func() bool { return len(*got) == 1 })
	publish("p.x", 2, 3)
	publish("a", 4, 4)
	r.until(t, "every event of another topic", func() bool { return len(*got) == 2 })
	add(AddOptions{}, "p.*")
	r.until(t, "what waited", func() bool { return len(*got) == 3 })
	publish("p.x", 5, 6)
	r.until(t, "every event", func() bool { return len(*got) == 5 })
	if err := c.SetLatest(map[string]time.Duration{"a": time.Hour}, "p.x"); err != nil {
		t.Fatal(err)
	}
	add(AddOptions{}, "then") // it is done after the change before it
	publish("a", 7, 7)
	r.until(t, "the first of another topic", func() bool { return len(*got) == 6 })
	publish("a", 8, 9)
	publish("p.x", 10, 10)
	r.until(t, "every event again", func() bool { return len(*got) == 7 })
	if _, err := c.RemoveTopics(patient(t), "a"); err != nil {
		t.Fatal(err)
	}
	c.SetTopics("p.x")
	add(AddOptions{}, "then")
	publish("p.x", 11, 11)
	r.until(t, "the end", func() bool { return len(*got) >= 8 && (*got)[len(*got)-1].Topic == "p.x" })
	if text := skips(*got); text != "p.x1 a4 p.x3/1 p.x5 p.x6 a7 p.x10 p.x11" {
		t.Errorf("got %s", text)
	}
}

// chosen is a frame of newest events, as it arrives.
func chosen(t *testing.T, k *socket, text string) arrival {
	a, err := parse(k.generation, []byte(`{"wakesocket":"latest",`+text+`}`), time.Now())
	if err != nil {
		t.Errorf("%s: %v", text, err)
	}
	a.from = k
	return a
}

// What two sockets bring of the same topics comes once, and each frame that cannot be
// read is an error that loses nothing else.
func TestFramesOfNewestEvents(t *testing.T) {
	l := still(t, Options{Latest: map[string]time.Duration{"a": 0, "b": 0}})
	one, two := &socket{loop: l, generation: 1}, &socket{loop: l, generation: 2}
	l.sockets[1], l.sockets[2] = one, two
	take := func() (got []string) {
		for {
			i, ok := l.queue.pop()
			switch {
			case !ok:
				return got
			case i.event != nil:
				got = append(got, skips([]Event{*i.event}))
			case i.gap != nil:
				got = append(got, "gap "+i.gap.Reason)
			case i.newest != "":
				got = append(got, "since "+i.newest)
			}
		}
	}
	want := func(texts ...string) {
		t.Helper()
		if got := take(); !slices.Equal(got, texts) {
			t.Errorf("got %q, want %q", got, texts)
		}
	}
	l.handle(chosen(t, one, `"events":[{"id":"e-1","topic":"a","data":0}],"at":"e-1"`))
	want() // it has said no hello
	l.latest.hello(one, "c", "e-1")
	l.latest.hello(two, "c", "e-1")
	l.handle(chosen(t, one, `"events":[{"id":"e-5","topic":"a","data":1,"skipped":2,"count":8},{"id":"e-4","topic":"b","data":1}],"at":"e-4"`))
	want("a1/2", "b1", "since e-4")
	l.handle(chosen(t, two, `"events":[{"id":"e-5","topic":"a","data":1,"skipped":2,"count":8},{"id":"e-9","topic":"a","data":2,"skipped":"x"}]`))
	want("a2", "since e-4")
	l.handle(chosen(t, one, `"events":[{"id":"e-11","topic":"a","data":3,"skipped":2}],"at":"e-11","gap":{"after":"e-1","earliest":"","reason":"trimmed"}`))
	want("gap trimmed", "a3/1", "since e-11")
	if l.latest.since() != "e-11" || l.cursor != "" {
		t.Errorf("since %q, cursor %q", l.latest.since(), l.cursor)
	}
	a, err := parse(1, []byte(`{"wakesocket":"latest","events":[7,{"id":"e-12","topic":"b","data":4},{"id":"e-13","data":5}],"at":"e-13"}`), time.Now())
	if err == nil || len(a.newest.events) != 1 {
		t.Errorf("%+v, %v", a.newest, err)
	}
	a.from = one
	l.handle(a)
	want("b4", "since e-13")
	if a, err = parse(1, []byte(`{"wakesocket":"latest","events":{}}`), time.Now()); err == nil || a.newest != nil {
		t.Errorf("%+v, %v", a.newest, err)
	}

	// While the client has to wait with an event itself, the position waits, too.
	l.latest.conflation.Live(true, l.now)
	l.latest.event(Event{ID: "e-14", Topic: "b"}, time.Now(), "e-13")
	l.latest.event(Event{ID: "e-15", Topic: "b"}, time.Now(), "e-14")
	want("b")
	l.handle(chosen(t, one, `"events":[],"at":"e-16"`))
	want()
	l.latest.conflation.Flush(l.now)
	l.handle(chosen(t, one, `"events":[],"at":"e-17"`))
	want("b", "since e-17")
}

// A client that chooses by itself shows at the end of its time, what it holds: in the
// order of the cursor, and not as late.
func TestAClientThatChooses(t *testing.T) {
	l := still(t, Options{Topics: []string{"b"}, Latest: map[string]time.Duration{"a": 100 * time.Millisecond}})
	if at, ok := l.latest.conflation.Deadline(); ok {
		t.Errorf("something is due at %v", at)
	}
	l.latest.shown(State{Name: Live})
	came := time.Now().Add(-time.Hour)
	for n, topic := range []string{"a", "a", "b", "a"} {
		l.push(Event{ID: fmt.Sprint(n + 1), Topic: topic, Received: came}, came)
	}
	l.now = 100 * time.Millisecond
	l.push(Event{Topic: "a", History: true, ID: "h"}, came)
	l.latest.conflation.Tick(l.now)
	for _, want := range []struct {
		id, cursor, newest string
		moves, late        bool
		skipped            int
	}{
		{"1", "1", "1", true, true, 0},
		{"", "2", "1", true, false, 0},
		{"3", "3", "1", true, true, 0},
		{"", "4", "1", true, false, 0},
		{"h", "", "", false, true, 0},
		{"4", "4", "4", true, false, 1},
	} {
		i, _ := l.queue.pop()
		if i.cursor != want.cursor || i.newest != want.newest || i.moves != want.moves {
			t.Errorf("%+v, want %+v", i, want)
		}
		if (i.event != nil) != (want.id != "") || i.event != nil && (i.event.ID != want.id || i.event.Skipped != want.skipped || i.since.Equal(came) != want.late) {
			t.Errorf("event %+v since %v, want %+v", i.event, i.since, want)
		}
	}
	// A gap, a snapshot and the end come after what they interrupt.
	for name, end := range map[string]func(){
		"gap":      func() { l.gap(session.Gap{Reason: "trimmed"}) },
		"failure":  func() { l.latest.shown(State{Name: Failed}) },
		"stop":     func() { l.latest.shown(State{Name: Stopped}) },
		"new life": func() { l.latest.shown(State{Name: Connecting}); l.latest.shown(State{Name: Slow}) },
	} {
		l.latest.shown(State{Name: Checking})
		l.push(Event{ID: "1", Topic: "a"}, came)
		l.push(Event{ID: "2", Topic: "a"}, came)
		l.queue.discard()
		if end(); l.queue.empty() {
			t.Errorf("%s: nothing of what waits", name)
		} else if i, _ := l.queue.pop(); i.event == nil || i.event.ID != "2" {
			t.Errorf("%s: %+v", name, i)
		}
		l.queue.discard()
	}
}

func TestNewestEventsThatCannotBe(t *testing.T) {
	for want, rules := range map[string]map[string]time.Duration{
		"the name of a topic is empty":                             {"": 0},
		`"*" is no pattern`:                                        {"*": 0},
		`of "a" it is 9ms; it must be from 10 ms to 3600000 ms`:    {"a": 9 * time.Millisecond},
		`of "a" it is -1ns`:                                        {"a": -1},
		`of "a" it is 1h0m0.000000001s; it must be from 10 ms`:     {"a": time.Hour + 1},
		`or 0 for 250ms. For every event name the topic in Topics`: {"a": 1},
	} {
		if _, err := New(Options{URL: "ws://a", Latest: rules}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "Options.Latest") {
			t.Errorf("%v, want %q", err, want)
		}
		c, _ := New(Options{URL: "ws://a"})
		if err := c.SetLatest(rules); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "SetLatest") {
			t.Errorf("%v, want %q", err, want)
		}
	}
	c, err := New(Options{URL: "ws://a", Topics: []string{"a"}, Latest: map[string]time.Duration{"a": time.Hour, "b": 10 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]AddOptions{
		"Every is given without Latest": {Every: time.Second},
		`Every of "x" it is 1ns`:        {Latest: true, Every: 1},
	} {
		if _, err := c.AddTopics(t.Context(), []string{"x"}, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := c.SetLatest(nil, ""); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Error(err)
	}
	if err := c.SetLatest(nil); err != nil || len(c.Topics()) > 0 {
		t.Errorf("%v, %v", err, c.Topics())
	}
}

func TestListsWithNewestEvents(t *testing.T) {
	list := newTopics([]string{"a", "b"}, map[string]time.Duration{"p.*": 0, "b": 16700 * time.Microsecond})
	query := func(list topics) string {
		q := url.Values{"latest": {"1,old"}}
		list.addQuery(q)
		return fmt.Sprint(q["topic"], q["latest"])
	}
	frames := func(list topics) (text string) {
		for _, f := range list.frames(0) {
			text += string(f)
		}
		return text
	}
	if got := query(list); got != "[a b p.*] [17,b 250,p.*]" {
		t.Error(got)
	}
	if got := frames(list); got != `{"wakesocket":"topics","topics":["a","b","p.*"],"latest":{"b":17,"p.*":250}}` {
		t.Error(got)
	}
	if got := fmt.Sprint(list.rules()); got != "map[a:0s b:17ms p.*:250ms]" {
		t.Error(got)
	}
	more := list.with([]string{"c", "b"}, 0).with([]string{"a"}, 40)
	if got := frames(more); got != `{"wakesocket":"topics","topics":["a","b","p.*","c"],"latest":{"a":40,"p.*":250}}` {
		t.Error(got)
	}
	if got := frames(more.without([]string{"a", "p.*"})); got != `{"wakesocket":"topics","topics":["b","c"]}` {
		t.Error(got)
	}
	if got := fmt.Sprint(list.rules(), len(list.names)); got != "map[a:0s b:17ms p.*:250ms] 3" {
		t.Errorf("a list was changed in place: %s", got)
	}
	list.alone = true
	if got := query(list) + frames(list); got != `[a b p.*] []{"wakesocket":"topics","topics":["a","b","p.*"]}` {
		t.Error(got)
	}
	if by := list.replace(newTopics([]string{"x"}, nil)); !by.alone || by.version != 1 || by.replaced != 1 {
		t.Errorf("%+v", by)
	}
	if all := newTopics(nil, nil).with([]string{"p.*"}, 40); fmt.Sprint(all.rules(), all.of([]string{"p.*"})) != "map[p.*:40ms] map[]" {
		t.Errorf("of all topics: %+v", all)
	}

	// Rules make a list longer, in an address and in a message.
	names := map[string]time.Duration{}
	for n := range 60 {
		names[fmt.Sprintf("topic.%020d", n)] = time.Hour
	}
	long := newTopics(nil, names)
	if !long.later() {
		t.Error("the rules do not count in the length of an address")
	}
	if long.alone = true; long.later() {
		t.Error("rules count that the server is not told")
	}
	for _, limit := range []int64{1200, 2000, 4000} {
		long.alone = false
		for _, f := range long.frames(limit) {
			if int64(len(f)) > limit {
				t.Errorf("a frame has %d bytes, at most %d are allowed", len(f), limit)
			}
		}
	}
}

// Through cuts, of a server that chooses and one that leaves that to the client: never
// an older one after a newer one, the newest in the end, and what was shown and what
// was passed over is all that came.
func TestNewestEventsThroughCuts(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 15))
			f, proxy := serve(t, feed.Options{})
			const topics = 12
			type topic struct{ sent, shown, passed, newest, last int }
			var all [topics]topic
			r := newRecorder()
			o := quick(r.options("http://" + proxy.Addr()))
			o.Topics, o.Latest = []string{"cpu"}, map[string]time.Duration{"p.*": []time.Duration{10, 100}[seed%2] * time.Millisecond}
			o.MinReconnectDelay, o.FirstRetryWindow = 50*time.Millisecond, 50*time.Millisecond
			if seed >= 2 { // a snapshot: the client chooses
				o.Snapshot = func(context.Context, string) (Snapshot, error) {
					at, err := f.Position(context.Background())
					return Snapshot{At: at}, err
				}
				o.OnSnapshot = func(*Client, Snapshot) {}
			}
			others := 0
			o.OnEvent = func(_ *Client, e Event) {
				r.note(func() {
					n, _ := strconv.Atoi(string(e.Data))
					if e.Topic == "cpu" {
						others++
						return
					}
					number, _ := strconv.Atoi(strings.TrimPrefix(e.Topic, "p."))
					p := &all[number]
					if n <= p.newest {
						t.Errorf("%d of %s comes after %d", n, e.Topic, p.newest)
					}
					p.shown, p.passed, p.newest = p.shown+1, p.passed+e.Skipped, n
				})
			}
			c := start(t, o)
			r.until(t, "live", r.live)
			cpus, last := 0, ""
			for n := 1; n <= 1500; n++ {
				switch what := random.IntN(60); what {
				case 0:
					proxy.Existing(faultproxy.Reset)
				case 1, 2:
					time.Sleep(time.Duration(random.IntN(30)) * time.Millisecond)
				case 3:
					last = byTopic(t, f, "cpu", strconv.Itoa(n))
					cpus++
				default:
					number := random.IntN(topics)
					last = byTopic(t, f, fmt.Sprint("p.", number), strconv.Itoa(n))
					all[number].sent++
					all[number].last = n
				}
			}
			for n := range all {
				r.until(t, fmt.Sprint("the newest of ", n), func() bool { return all[n].newest == all[n].last })
			}
			r.until(t, "every event of the other topic", func() bool { return others == cpus })
			r.note(func() {
				for n, p := range all {
					if p.shown+p.passed != p.sent || p.passed == 0 {
						t.Errorf("topic %d: %+v", n, p)
					}
				}
				if len(r.gaps) > 0 {
					t.Errorf("%+v", r.gaps)
				}
			})
			eventually(t, "the position", func() bool { return c.Since() == last })
		})
	}
}
