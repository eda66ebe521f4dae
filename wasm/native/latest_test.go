package native

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
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

// Through cuts: never an older one after a newer one, the newest in the end, and what
// was shown and what was passed over is all that came.
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
