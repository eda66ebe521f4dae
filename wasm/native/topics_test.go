package native

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/feed"
)

// byTopic publishes an event of a topic.
func byTopic(t *testing.T, f *feed.Feed, topic, data string) (id string) {
	t.Helper()
	id, err := f.Publish(t.Context(), topic, []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// patient is a context that ends when the test has taken too long.
func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// texts are the topics and data of events; "+" marks those of a history.
func texts(events []Event) string {
	var all []string
	for _, e := range events {
		text := e.Topic + string(e.Data)
		if e.History {
			text = "+" + text
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

// A feed that answers: topics come and go, and earlier events are had.
func TestTopicsOfAFeed(t *testing.T) {
	f, proxy := serve(t, feed.Options{})
	for n := range 3 {
		byTopic(t, f, "b", fmt.Sprint(n))
	}
	second := byTopic(t, f, "c", "7")
	r := newRecorder()
	var got []Event
	o := r.options("http://" + proxy.Addr())
	o.Topics = []string{"a"}
	o.OnEvent = func(_ *Client, e Event) { r.note(func() { got = append(got, e) }) }
	c := start(t, o)
	ctx := patient(t)
	r.until(t, "live", r.live)

	at, err := c.AddTopics(ctx, []string{"b", "c"}, AddOptions{Last: 2})
	if err != nil || at != second {
		t.Fatalf("followed from %q (%v), want %q", at, err, second)
	}
	r.until(t, "the newest two", func() bool { return len(got) == 3 })
	if texts(got) != "+b1 +b2 +c7" || c.Cursor() != second {
		t.Errorf("got %s, cursor %q", texts(got), c.Cursor())
	}
	byTopic(t, f, "b", "3")
	r.until(t, "the next", func() bool { return len(got) == 4 })
	if at, err := c.RemoveTopics(ctx, "b"); err != nil || at == "" {
		t.Errorf("%q %v", at, err)
	}
	byTopic(t, f, "b", "4")
	byTopic(t, f, "a", "5")
	r.until(t, "the one of the topic that is left", func() bool { return len(got) == 5 })
	if texts(got) != "+b1 +b2 +c7 b3 a5" || !slices.Equal(c.Topics(), []string{"a", "c"}) {
		t.Errorf("got %s, topics %v", texts(got), c.Topics())
	}

	// After a position, and what is missing of it.
	if _, err := c.AddTopics(ctx, []string{"b"}, AddOptions{After: second}); err != nil {
		t.Error(err)
	}
	r.until(t, "those after the position", func() bool { return len(got) == 7 })
	if texts(got[5:]) != "+b3 +b4" || len(r.gaps) > 0 {
		t.Errorf("got %s, gaps %v", texts(got), r.gaps)
	}
	if _, err := c.AddTopics(ctx, []string{"b"}, AddOptions{After: "foreign-1"}); err != nil {
		t.Error(err)
	}
	r.until(t, "the gap", func() bool { return len(r.gaps) == 1 })
	if r.gaps[0].After != "foreign-1" || r.gaps[0].Reason != wire.GapEpoch {
		t.Errorf("gap %+v", r.gaps[0])
	}

	h, err := c.History(ctx, HistoryQuestion{Topic: "b", Limit: 2})
	if err != nil || texts(h.Events) != "+b3 +b4" || h.Complete || h.From == "" {
		t.Errorf("%s, %+v, %v", texts(h.Events), h, err)
	}
	h, err = c.History(ctx, HistoryQuestion{Topic: "b", Before: h.Events[0].ID})
	if err != nil || texts(h.Events) != "+b0 +b1 +b2" || !h.Complete {
		t.Errorf("%s, %+v, %v", texts(h.Events), h, err)
	}

	// None that are left are none.
	if _, err := c.RemoveTopics(ctx, "a", "b", "c"); err != nil {
		t.Error(err)
	}
	r.note(func() { got = nil })
	c.Reconnect()
	byTopic(t, f, "a", "6")
	if _, err := c.AddTopics(ctx, []string{"d.*"}, AddOptions{}); err != nil {
		t.Error(err)
	}
	byTopic(t, f, "d.x", "8")
	r.until(t, "an event of the pattern", func() bool { return len(got) > 0 })
	if texts(got) != "d.x8" {
		t.Errorf("got %s", texts(got))
	}
	if len(r.errors) > 0 {
		t.Errorf("errors %v", r.errors)
	}
}

// The methods may be called in a callback, also while more waits than may.
func TestRequestsInCallbacks(t *testing.T) {
	f, proxy := serve(t, feed.Options{})
	r := newRecorder()
	o := r.options("http://" + proxy.Addr())
	o.Buffer = 1
	o.Topics = []string{"n"}
	asked := false
	o.OnEvent = func(c *Client, e Event) {
		if !asked && string(e.Data) == "5" {
			asked = true
			h, err := c.History(patient(t), HistoryQuestion{Topic: "n"})
			if err != nil || len(h.Events) < 5 {
				t.Errorf("history in a callback: %d events, %v", len(h.Events), err)
			}
			if _, err := c.AddTopics(patient(t), []string{"m"}, AddOptions{Last: 1}); err != nil {
				t.Error(err)
			}
			if _, err := c.RemoveTopics(patient(t), "m"); err != nil {
				t.Error(err)
			}
		}
		r.note(func() { r.events = append(r.events, string(e.Data)) })
	}
	start(t, o)
	r.until(t, "live", r.live)
	publish(t, f, 1, 3000)
	r.until(t, "all events", func() bool { return len(r.events) == 3000 })
	wantNumbers(t, r.events, 3000)
}

func TestLists(t *testing.T) {
	a := newTopics([]string{"a", "b"}, nil)
	if b := a.with([]string{"b", "c", "c"}, 0); strings.Join(b.names, " ") != "a b c" || b.version != 1 || b.replaced != 0 {
		t.Errorf("with: %+v", b)
	}
	if b := a.without([]string{"a", "x"}); strings.Join(b.names, " ") != "b" || b.all || b.version != 1 {
		t.Errorf("without: %+v", b)
	}
	if b := a.with([]string{"c"}, 0).replace(newTopics(nil, nil)); !b.all || len(b.names) > 0 || b.version != 2 || b.replaced != 2 {
		t.Errorf("set: %+v", b)
	}
	if b := newTopics(nil, nil).with([]string{"a"}, 0); !b.all || len(b.names) > 0 || b.version != 0 {
		t.Errorf("more than all: %+v", b)
	}
	if strings.Join(a.names, " ") != "a b" || a.version != 0 {
		t.Errorf("a change changed the list itself: %+v", a)
	}
	// Two lists that are made of one do not share their ends.
	short := newTopics([]string{"a", "b", "c"}, nil).without([]string{"c"})
	one, two := short.with([]string{"d"}, 0), short.with([]string{"e"}, 0)
	if strings.Join(one.names, " ") != "a b d" || strings.Join(two.names, " ") != "a b e" {
		t.Errorf("two changes of one list: %v and %v", one.names, two.names)
	}
	// An address takes 4000 bytes of them.
	long := strings.Repeat("x", 100-len("&topic="))
	for n, later := range map[int]bool{0: true, 1: false, 40: false, 41: true} {
		var names []string
		for range n {
			names = append(names, long)
		}
		if got := (topics{names: names}).later(); got != later {
			t.Errorf("%d names come later: %v", n, got)
		}
	}
	if newTopics(nil, nil).later() {
		t.Error("all topics come later")
	}
}

func TestPieces(t *testing.T) {
	sizes := func(cut [][]string) string {
		var n []string
		for _, piece := range cut {
			n = append(n, fmt.Sprint(len(piece)))
		}
		return strings.Join(n, " ")
	}
	name := strings.Repeat("x", 97) // 100 bytes with quotes and comma
	ten := slices.Repeat([]string{name}, 10)
	for _, c := range []struct {
		names []string
		limit int64
		want  string
	}{
		{nil, 1000, "0"},
		{ten, 1000, "4 4 2"},
		{ten, 1099, "4 4 2"},
		{ten, 1100, "5 5"},
		{ten, 100, "1 1 1 1 1 1 1 1 1 1"}, // the server may still refuse them
		{ten, 0, "10"},
		{ten, 1 << 40, "10"},
		{slices.Repeat([]string{name}, 1000), 1 << 40, "649 351"},
	} {
		if got := sizes(topics{}.pieces(c.names, c.limit)); got != c.want {
			t.Errorf("%d names in messages of %d bytes: %s, want %s", len(c.names), c.limit, got, c.want)
		}
	}
}
