package native

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// A callback that takes too long makes the state slow, bounds the memory, loses
// nothing and is not mistaken for a loss of the connection.
func TestSlowConsumer(t *testing.T) {
	t.Parallel()
	var dials atomic.Int32
	url := handler(t, func(r *http.Request, conn *websocket.Conn) {
		dials.Add(1)
		flood(r, conn)
	})
	r := newRecorder()
	o := quick(r.options(url))
	o.MaxLag, o.Buffer = 200*time.Millisecond, 100
	leave := make(chan struct{})
	var once sync.Once
	goOn := func() { once.Do(func() { close(leave) }) }
	events, last := 0, ""
	o.OnEvent = func(c *Client, e Event) {
		if events++; events == 50 {
			<-leave
		}
		last = e.ID
		if events == 1000 {
			c.Close()
		}
	}
	c := start(t, o)
	t.Cleanup(goOn)
	eventually(t, "slow", func() bool { return c.State().Name == Slow })
	// Longer than the heartbeat's timeout: a stall of ours is no silence.
	for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if s := c.State(); s.Name != Slow || !errors.Is(s.Err, ErrSlowConsumer) || s.Cause == "" {
			t.Fatalf("while the callback waits the state is %+v", s)
		}
	}
	if lag := c.Lag(); lag.Events < 100 || lag.Events > 120 || lag.Age < 200*time.Millisecond {
		t.Errorf("lag %+v; want the full buffer", lag)
	}
	goOn()
	within(t, "the rest", func() { <-c.Done() })
	if dials.Load() != 1 {
		t.Errorf("%d dials", dials.Load())
	}
	if events != 1000 || last != c.Cursor() {
		t.Errorf("%d events, the last is %q, the cursor %q", events, last, c.Cursor())
	}
	if len(r.errors) == 0 || r.errors[0] != ErrSlowConsumer {
		t.Errorf("errors %v", r.errors)
	}
}

// A client that has caught up is live again.
func TestSlowConsumerRecovers(t *testing.T) {
	url := handler(t, func(_ *http.Request, conn *websocket.Conn) {
		plain(conn, `{"id":"a","data":1}`, `{"id":"b","data":2}`, `{"id":"c","data":3}`)
	})
	leave := make(chan struct{})
	c := start(t, Options{URL: url, MaxLag: 100 * time.Millisecond, OnEvent: func(*Client, Event) { <-leave }})
	eventually(t, "slow", func() bool { return c.State().Name == Slow })
	close(leave)
	eventually(t, "live", func() bool { return c.State().Live() && c.State().Err == nil && c.Lag() == (Lag{}) })
}

// The end of ctx ends a Send, not the connection.
func TestSendThatIsGivenUp(t *testing.T) {
	t.Parallel()
	url := handler(t, func(_ *http.Request, conn *websocket.Conn) {
		for n := 1; conn.Write(context.Background(), websocket.MessageText, event(n)) == nil; n++ { // it never reads
			time.Sleep(20 * time.Millisecond)
		}
	})
	c := start(t, Options{URL: url})
	within(t, "Ready", func() { _ = c.Ready(t.Context()) })
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Send(ended, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
	big := make([]byte, 1<<20)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	var err error
	within(t, "Send", func() {
		for err == nil {
			err = c.Send(ctx, big)
		}
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("to a server that does not read: %v", err)
	}
	if err := c.Send(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("behind a message that hangs: %v", err)
	}
	if !c.State().Live() {
		t.Errorf("the connection is %v after a Send that was given up", c.State())
	}
	within(t, "Close", c.Close)
}

func TestQueue(t *testing.T) {
	start := time.Unix(1000, 0)
	q := newQueue(3)
	push := func(n, size int) {
		q.push(item{event: &Event{ID: string(rune('a' + n)), Raw: make([]byte, size)}, since: start.Add(time.Duration(n) * time.Second)})
	}
	if _, ok := q.pop(); ok || !q.empty() || q.lag(start) != (Lag{}) || q.full() != nil {
		t.Error("a new queue is not empty")
	}
	q.push(item{state: &State{}})
	push(1, 10)
	push(2, 10)
	if got := q.lag(start.Add(5 * time.Second)); got != (Lag{2, 4 * time.Second}) {
		t.Errorf("lag %+v", got)
	}
	if q.full() != nil || q.empty() {
		t.Error("full with 2 of 3 events")
	}
	push(3, 10)
	room := q.full()
	if room == nil || isClosed(room) {
		t.Fatal("not full with 3 of 3 events")
	}
	if i, ok := q.pop(); !ok || i.state == nil || isClosed(room) {
		t.Error("a state makes no room")
	}
	if i, ok := q.pop(); !ok || i.event.ID != "b" || !isClosed(room) || q.full() != nil {
		t.Error("an event makes room")
	}
	q.discard()
	if _, ok := q.pop(); ok || q.lag(start) != (Lag{}) {
		t.Error("something is left after discard")
	}
	push(4, maxQueuedBytes-1)
	if q.full() != nil {
		t.Error("full below the limit of bytes")
	}
	push(5, 1)
	if room = q.full(); room == nil {
		t.Error("not full at the limit of bytes")
	}
	q.pop()
	if !isClosed(room) {
		t.Error("no room below the limit of bytes")
	}
	q.discard()
	push(6, maxQueuedBytes)
	room = q.full()
	q.discard()
	if !isClosed(room) {
		t.Error("discard makes no room")
	}
	push(7, maxQueuedBytes)
	room = q.full()
	q.lift(1)
	if !isClosed(room) || q.full() != nil {
		t.Error("no room while a callback waits for an answer")
	}
	if q.lift(-1); q.full() == nil {
		t.Error("still room when it has its answer")
	}
}

// A long queue gives its memory back while it is read, and keeps the order.
func TestQueueKeepsTheOrder(t *testing.T) {
	q := newQueue(1 << 20)
	next, want := 0, 0
	add := func(n int) {
		for range n {
			q.push(item{event: &Event{}, cursor: string(rune(next)), moves: true})
			next++
		}
	}
	add(3000)
	for round := range 5 {
		for range 2000 {
			if i, ok := q.pop(); !ok || i.cursor != string(rune(want)) {
				t.Fatalf("round %d: item %d is %q, %v", round, want, i.cursor, ok)
			}
			want++
		}
		add(2000)
		if len(q.items) > 6000 {
			t.Fatalf("%d items are kept for 3000", len(q.items))
		}
	}
}

// Moves of the cursor need no room, however many come while a callback is busy.
func TestMovesAreJoined(t *testing.T) {
	q := newQueue(1)
	event := Event{}
	for _, i := range []item{
		{event: &event}, {cursor: "1", moves: true}, {newest: "2"}, {cursor: "3", moves: true}, {then: func(*loop) {}},
		{newest: "4"}, {newest: "5"}, {err: ErrBinary}, {state: &State{}}, {gap: &Gap{}}, {snapshot: &Snapshot{}}, {cursor: "6", moves: true},
	} {
		q.push(i)
	}
	if len(q.items) != 9 {
		t.Fatalf("%d items wait", len(q.items))
	}
	for n, want := range map[int]item{1: {cursor: "3", moves: true, newest: "2"}, 3: {newest: "5"}, 8: {cursor: "6", moves: true}} {
		if got := q.items[n]; got.cursor != want.cursor || got.moves != want.moves || got.newest != want.newest || !got.isMove() {
			t.Errorf("item %d: %+v", n, got)
		}
	}
	for range 9 {
		q.pop()
	}
	q.push(item{cursor: "7", moves: true})
	if i, ok := q.pop(); !ok || i.cursor != "7" {
		t.Errorf("after all the others: %+v, %v", i, ok)
	}
}

func TestErrorsAreBounded(t *testing.T) {
	q := newQueue(1)
	for range maxQueuedErrors + 7 {
		q.push(item{err: ErrBinary})
	}
	if len(q.items) != maxQueuedErrors || q.lost() != 7 || q.lost() != 0 {
		t.Errorf("%d errors are kept", len(q.items))
	}
	q.pop()
	q.push(item{err: ErrBinary})
	if q.lost() != 0 {
		t.Error("an error was dropped though there was room")
	}
}
