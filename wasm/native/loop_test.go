package native

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

// still makes a loop that nobody drives.
func still(t *testing.T, o Options) *loop {
	t.Helper()
	o.URL = "ws://a"
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s, err := session.New(c.options.session(), func() float64 { return 0 })
	if err != nil {
		t.Fatal(err)
	}
	r := c.run
	r.started = true
	r.ctx, r.cancel = context.WithCancelCause(t.Context())
	return newLoop(c, r, s)
}

// What a socket says counts as long as the loop has it; its last word ends that.
func TestSocketsAreForgotten(t *testing.T) {
	for name, last := range map[string]session.Input{
		"closed":     session.Closed{Generation: 1, Code: wire.CloseAbnormal},
		"no address": session.URLFailed{Generation: 1},
	} {
		l := still(t, Options{})
		k := &socket{loop: l, generation: 1}
		l.sockets[1] = k
		said := 0
		say := func(in session.Input) {
			l.handle(arrival{Input: in, from: k, also: func(*loop) { said++ }})
		}
		say(session.Frame{Generation: 1})
		if said != 1 || l.sockets[1] != k {
			t.Errorf("%s: a frame counts %d times, the socket is %v", name, said, l.sockets[1])
		}
		say(last)
		if said != 2 || len(l.sockets) > 0 {
			t.Errorf("%s: %d sockets are kept", name, len(l.sockets))
		}
		say(session.Frame{Generation: 1})
		if said != 2 {
			t.Errorf("%s: a socket that is gone still counts", name)
		}
	}
}

// The timer of the loop is for whichever comes first: the session or the snapshot.
func TestTheTimerIsForWhateverComesFirst(t *testing.T) {
	load := func(ctx context.Context, _ string) (Snapshot, error) {
		<-ctx.Done()
		return Snapshot{}, ctx.Err()
	}
	l := still(t, Options{Snapshot: load, OnSnapshot: func(*Client, Snapshot) {}})
	l.snapshots.stream.Start()
	l.setTimer()
	if due, ok := l.snapshots.stream.Deadline(); !ok || due != 10*time.Second || !l.timer.Stop() {
		t.Errorf("the snapshot is due at %v (%v), and the timer does not run", due, ok)
	}
	l.now = time.Hour
	l.setTimer()
	select {
	case <-l.timer.C:
	case <-time.After(patience):
		t.Error("the timer does not fire when the snapshot is due")
	}
	l.run.cancel(nil)
}

// In a request that is sent again, the topics are those that are still wanted.
func TestRequestsFollowTheList(t *testing.T) {
	has := map[string]bool{"a": true, "b": true}
	for want, c := range map[string]struct {
		frame any
		all   bool
	}{
		`{"wakesocket":"add","n":7,"topics":["a"]}`:                         {wire.Add{Kind: wire.KindAdd, Topics: []string{"a", "x"}}, false},
		`{"wakesocket":"add","n":7,"topics":["a","x"],"last":2}`:            {wire.Add{Kind: wire.KindAdd, Topics: []string{"a", "x"}, Last: 2}, true},
		`{"wakesocket":"add","n":7,"topics":[],"after":"e-1"}`:              {wire.Add{Kind: wire.KindAdd, Topics: []string{"y"}, After: "e-1"}, false},
		`{"wakesocket":"remove","n":7,"topics":["x"]}`:                      {wire.Remove{Kind: wire.KindRemove, Topics: []string{"a", "x"}}, false},
		`{"wakesocket":"history","n":7,"topic":"q","limit":3}`:              {wire.HistoryRequest{Kind: wire.KindHistory, Topic: "q", Limit: 3}, false},
		`{"wakesocket":"history","n":7,"topic":"q","before":"e-3"}`:         {wire.HistoryRequest{Kind: wire.KindHistory, Topic: "q", Before: "e-3"}, true},
		`{"wakesocket":"remove","n":7,"topics":[]}`:                         {wire.Remove{Kind: wire.KindRemove, Topics: []string{"b"}}, false},
		`{"wakesocket":"add","n":7,"topics":["b","a"],"last":1}`:            {wire.Add{Kind: wire.KindAdd, Topics: []string{"b", "a"}, Last: 1}, false},
		`{"wakesocket":"history","n":7,"topic":"q","limit":3,"before":"z"}`: {wire.HistoryRequest{Kind: wire.KindHistory, Topic: "q", Limit: 3, Before: "z"}, false},
	} {
		q := newRequest(c.frame)
		q.number = 7
		if got := string(q.text(topics{all: c.all}, has)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// So many requests as a server takes are on their way; the others wait for answers.
func TestRequestsWaitForEachOther(t *testing.T) {
	l := still(t, Options{Topics: []string{"a"}})
	k := &socket{loop: l, generation: 1, answers: true, told: true, writing: true} // nobody writes
	l.sockets[1] = k
	l.shown.Generation = 1
	var asked []*request
	for n := range maxAsked + 2 {
		q := newRequest(wire.HistoryRequest{Kind: wire.KindHistory, Topic: "a"})
		q.number = int64(n + 1)
		asked = append(asked, q)
	}
	l.requests.open = asked
	l.ask()
	l.ask()
	if len(k.unsent) != maxAsked {
		t.Errorf("%d requests are on their way, want %d", len(k.unsent), maxAsked)
	}
	for n := range 2 {
		l.handle(arrival{Input: session.Frame{Generation: 1}, from: k, answer: &answer{number: int64(n + 1), kind: wire.KindHistory}})
		if len(k.unsent) != maxAsked+n+1 || len(asked[n].done) != 1 {
			t.Errorf("after %d answers, %d requests were sent", n+1, len(k.unsent))
		}
	}
	// One that nobody waits for any more is forgotten, if it changes nothing.
	change := newRequest(wire.Remove{Kind: wire.KindRemove, Topics: []string{"a"}})
	l.requests.open = append(l.requests.open, change)
	l.withdraw([]*request{asked[5], change})
	if len(l.requests.open) != maxAsked {
		t.Errorf("%d requests are left, want %d", len(l.requests.open), maxAsked)
	}
}

// A socket that was dialed before a change of topics may take over: it would not have
// the events of those that the other one has added meanwhile.
func TestChangesOfTopicsWaitWhileAnotherSocketIsMade(t *testing.T) {
	l := still(t, Options{Topics: []string{"a"}})
	k := &socket{loop: l, generation: 1, answers: true, told: true, topics: l.list(), writing: true} // nobody writes
	other := &socket{loop: l, generation: 2, topics: l.list(), writing: true}
	l.sockets[1], l.sockets[2] = k, other
	l.shown.Generation = 1
	l.topics = l.topics.with([]string{"b"}, 0)
	for i, control := range []any{
		wire.Add{Kind: wire.KindAdd, Topics: []string{"b"}},
		wire.HistoryRequest{Kind: wire.KindHistory, Topic: "a"},
		wire.Remove{Kind: wire.KindRemove, Topics: []string{"c"}},
	} {
		q := newRequest(control)
		q.number = int64(i + 1)
		l.requests.open = append(l.requests.open, q)
	}
	sent := func(k *socket) string { return string(bytes.Join(k.unsent, []byte("\n"))) }
	l.ask()
	if got := sent(k); got != `{"wakesocket":"history","n":2,"topic":"a"}` {
		t.Errorf("while another socket is made, the live one is sent %s", got)
	}
	delete(l.sockets, 1)
	other.answers, l.shown.Generation = true, 2
	l.ask()
	if got, want := sent(other), `{"wakesocket":"topics","topics":["a","b"]}`; !strings.HasPrefix(got, want) || len(other.unsent) != 4 {
		t.Errorf("the one that takes over is sent %s, want %s and three requests", got, want)
	}
	delete(l.sockets, 2)
	l.topics = l.topics.replace(newTopics([]string{"d"}, nil))
	l.sockets[3] = &socket{loop: l, generation: 3, answers: true, writing: true, told: true}
	l.sockets[4], l.shown.Generation = other, 3
	l.requests.open = nil
	l.ask()
	if got := sent(l.sockets[3]); got != "" {
		t.Errorf("while another socket is made, the live one is sent %s", got)
	}
	delete(l.sockets, 4)
	l.ask()
	if got := sent(l.sockets[3]); got != `{"wakesocket":"topics","topics":["d"]}` {
		t.Errorf("then it is sent %s", got)
	}
}
