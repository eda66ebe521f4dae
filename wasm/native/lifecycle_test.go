package native

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// within fails the test when the function does not return soon.
func within(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		f()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%s did not return", what)
	}
}

// eventually polls for what no channel tells.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come", what)
		}
	}
}

// flood sends events as fast as the client takes them.
func flood(_ *http.Request, conn *websocket.Conn) {
	go plain(conn)
	for n := 1; conn.Write(context.Background(), websocket.MessageText, event(n)) == nil; n++ {
	}
}

func event(n int) []byte {
	id := strings.Repeat("x", n%3) + "-" + string(rune('a'+n%26)) + "-" + time.Duration(n).String()
	return []byte(`{"id":"` + id + `","topic":"n","data":1}`)
}

// Close in the callback of the event that it is about: nothing comes after it.
func TestEndBetweenTwoEvents(t *testing.T) {
	for name, end := range map[string]func(*Client, context.CancelCauseFunc){
		"close":  func(c *Client, _ context.CancelCauseFunc) { c.Close() },
		"cancel": func(_ *Client, cancel context.CancelCauseFunc) { cancel(errors.New("enough")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(t.Context())
			var events, after int
			var states []StateName
			c, err := New(Options{
				URL: handler(t, flood),
				OnEvent: func(c *Client, e Event) {
					if events++; events == 500 {
						end(c, cancel)
					} else if events > 500 {
						after++
					}
				},
				OnState: func(_ *Client, s State) { states = append(states, s.Name) },
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Err(); err != nil {
				t.Errorf("before the start: %v", err)
			}
			within(t, "Run", func() { err = c.Run(ctx) })
			want := "enough"
			if name == "close" {
				want = ErrClosed.Error()
			}
			if err == nil || err.Error() != want || c.Err() != err || c.Wait() != err {
				t.Errorf("Run: %v, Err: %v; want %s", err, c.Err(), want)
			}
			<-c.Done()
			if after > 0 {
				t.Errorf("%d events after the end", after)
			}
			if len(states) == 0 || states[len(states)-1] != Stopped || c.State().Name != Stopped {
				t.Errorf("states %v", states)
			}
			if err := c.Send(t.Context(), 1); err == nil {
				t.Error("sent after the end")
			}
		})
	}
}

// Nothing runs before the caller asks for it, and callbacks run in its goroutine.
func TestNothingBeforeRun(t *testing.T) {
	var dials atomic.Int32
	url := handler(t, func(_ *http.Request, conn *websocket.Conn) { dials.Add(1); plain(conn, `{"id":"a","data":1}`) })
	var mine, got int64
	c, err := New(Options{URL: url, OnEvent: func(c *Client, _ Event) { got = goroutineID(); c.Close() }})
	if err != nil {
		t.Fatal(err)
	}
	if dials.Load() != 0 || isClosed(c.Done()) {
		t.Error("it runs before Run")
	}
	done := c.Done()
	mine = goroutineID()
	if err := c.Run(t.Context()); err != ErrClosed {
		t.Errorf("Run: %v", err)
	}
	if mine != got {
		t.Error("the callback ran in another goroutine")
	}
	if !isClosed(done) {
		t.Error("Done before the start is not that of the run")
	}
	if err := c.Run(t.Context()); err != ErrClosed {
		t.Errorf("Run after Close: %v", err)
	}
	if err := c.Send(t.Context(), 1); err != ErrClosed {
		t.Errorf("Send after Close: %v", err)
	}
}

func TestCloseBeforeTheStart(t *testing.T) {
	c, err := New(Options{URL: "ws://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	c.Close()
	if err := c.Wait(); err != ErrClosed || c.State().Name != Stopped {
		t.Errorf("%v, %v", err, c.State())
	}
	if err := c.Start(t.Context()); err != ErrClosed {
		t.Errorf("Start: %v", err)
	}
	if err := c.Ready(t.Context()); err != ErrClosed {
		t.Errorf("Ready: %v", err)
	}
}

// Close waits for a callback that runs in another goroutine.
func TestCloseWaitsForTheCallback(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	var finished atomic.Bool
	c := start(t, Options{URL: handler(t, func(_ *http.Request, conn *websocket.Conn) { plain(conn, `{"id":"a","data":1}`) }),
		OnEvent: func(*Client, Event) { close(entered); <-leave; finished.Store(true) }})
	<-entered
	closed := make(chan struct{})
	go func() { c.Close(); close(closed) }()
	eventually(t, "the end of the connection", func() bool { return c.Err() != nil })
	if isClosed(c.Done()) || isClosed(closed) {
		t.Error("it is done while a callback runs")
	}
	close(leave)
	<-closed
	if !finished.Load() {
		t.Error("Close returned before the callback")
	}
}

func TestReady(t *testing.T) {
	url := handler(t, func(_ *http.Request, conn *websocket.Conn) { plain(conn) })
	c := start(t, Options{URL: url})
	within(t, "Ready", func() {
		if err := c.Ready(t.Context()); err != nil || !c.State().Live() || c.State().Since.IsZero() {
			t.Errorf("%v, state %+v", err, c.State())
		}
	})
	refused := start(t, Options{URL: "ws://127.0.0.1:1"})
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		eventually(t, "an error", func() bool { return refused.State().Err != nil })
		cancel(errors.New("enough"))
	}()
	err := refused.Ready(ctx)
	var dial *DialError
	if err == nil || !strings.Contains(err.Error(), "enough") || !errors.As(err, &dial) {
		t.Errorf("%v; want the cause of the context and why there is no connection", err)
	}
}

func TestEventsIterates(t *testing.T) {
	var dials atomic.Int32
	afters := make(chan string, 10)
	url := handler(t, func(r *http.Request, conn *websocket.Conn) {
		dials.Add(1)
		afters <- r.URL.Query().Get("after")
		flood(r, conn)
	})
	var commits []string
	c, err := New(Options{URL: url, OnCommit: func(_ *Client, cursor string) error { commits = append(commits, cursor); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	within(t, "the loop", func() {
		for e, err := range c.Events(t.Context()) {
			if err != nil {
				t.Errorf("%v", err)
			}
			if ids = append(ids, e.ID); len(ids) == 250 {
				break
			}
		}
	})
	// The event in hand when the loop was left is not finished.
	if c.Cursor() != ids[248] || len(commits) < 3 || commits[len(commits)-1] != ids[248] {
		t.Errorf("cursor %q, commits end with %q; want %q", c.Cursor(), commits[len(commits)-1], ids[248])
	}
	if got := <-afters; got != "" {
		t.Errorf("the first dial is after %q", got)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	var last error
	within(t, "the second loop", func() {
		for _, err := range c.Events(ctx) {
			if last = err; err == nil {
				cancel(errors.New("enough"))
			}
		}
	})
	if got := <-afters; got != ids[248] {
		t.Errorf("the second loop resumes after %q, want %q", got, ids[248])
	}
	if last == nil || last.Error() != "enough" {
		t.Errorf("the loop ends with %v", last)
	}
	c.Close()
	for _, err := range c.Events(t.Context()) {
		if err != ErrClosed {
			t.Errorf("after Close: %v", err)
		}
	}
}

func TestGapsInTheIteration(t *testing.T) {
	hello := `{"wakesocket":"hello","at":"e-0","live":true,"gap":{"after":"a","earliest":"b","reason":"trimmed"}}`
	url := handler(t, func(_ *http.Request, conn *websocket.Conn) { plain(conn, hello, `{"id":"e-1","data":1}`) })
	c, err := New(Options{URL: url, After: "a"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for e, err := range c.Events(t.Context()) {
		var gap *GapError
		if errors.As(err, &gap) {
			if gap.After != "a" || gap.Earliest != "b" || gap.Reason != "trimmed" {
				t.Errorf("%+v", gap)
			}
			continue
		}
		if err != nil || e.ID != "e-1" {
			t.Errorf("%v, %v", e, err)
		}
		return
	}
}

// The cursor belongs to what the callback has finished.
func TestCursorInTheCallback(t *testing.T) {
	url := handler(t, func(_ *http.Request, conn *websocket.Conn) {
		plain(conn, `[{"id":"a","data":1},{"data":2},{"id":"b","data":3},{"id":"c","data":4}]`)
	})
	var during, of []string
	var commits []string
	done := make(chan struct{})
	c := start(t, Options{URL: url, After: "z",
		OnEvent:  func(c *Client, e Event) { during, of = append(during, c.Cursor()), append(of, e.Cursor) },
		OnCommit: func(_ *Client, cursor string) error { commits = append(commits, cursor); close(done); return nil }})
	within(t, "the commit", func() { <-done })
	c.Close()
	if want := []string{"z", "a", "a", "b"}; !slices.Equal(during, want) {
		t.Errorf("in the callbacks the cursor was %q, want %q", during, want)
	}
	if want := []string{"a", "a", "b", "c"}; !slices.Equal(of, want) {
		t.Errorf("the events' cursors are %q, want %q", of, want)
	}
	if !slices.Equal(commits, []string{"c"}) || c.Cursor() != "c" {
		t.Errorf("commits %q, cursor %q", commits, c.Cursor())
	}
}

func TestCommitEveryHundredEvents(t *testing.T) {
	events := 0
	var at []int
	c, err := New(Options{URL: handler(t, flood), OnEvent: func(c *Client, _ Event) {
		if events++; events == 350 {
			c.Close()
		}
	}, OnCommit: func(*Client, string) error { at = append(at, events); return errors.New("disk full") }, OnError: func(_ *Client, err error) {
		if !strings.Contains(err.Error(), "OnCommit: disk full") {
			t.Error(err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	within(t, "Run", func() { _ = c.Run(t.Context()) })
	for i := 1; i < len(at); i++ {
		if at[i]-at[i-1] > commitEvery {
			t.Errorf("commits at %v", at)
		}
	}
	if len(at) < 4 || at[len(at)-1] != 350 {
		t.Errorf("commits at %v; want one at the end, too", at)
	}
}
