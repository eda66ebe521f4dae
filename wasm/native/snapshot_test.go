package native

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/wasm/internal/snapshot"
	"github.com/wakesocket/wakesocket/web/feed"
)

// withSnapshots also notes the snapshots, as lines between the ids of events.
func (r *recorder) withSnapshots(o Options, load func(ctx context.Context, reason string) (Snapshot, error)) Options {
	o.Snapshot = load
	o.OnSnapshot = func(_ *Client, s Snapshot) {
		r.note(func() { r.events = append(r.events, fmt.Sprintf("snapshot %s %v %s", s.At, s.Data, s.Reason)) })
	}
	o.OnEvent = func(_ *Client, e Event) { r.note(func() { r.events = append(r.events, e.ID) }) }
	return o
}

// hello is the first frame of a feed at a position.
func hello(at string) string {
	return `{"wakesocket":"hello","resumed":false,"at":"` + at + `","live":true}`
}

// resuming serves a feed that tells frames when it is told to, and goes on after
// whatever position it is asked for.
func resuming(t *testing.T, frames <-chan string) (url string, asked chan string) {
	asked = make(chan string, 100)
	return handler(t, func(r *http.Request, conn *websocket.Conn) {
		after := r.URL.Query().Get("after")
		asked <- after
		if after == "" {
			plain(conn, hello("e-5"))
			return
		}
		go plain(conn, `{"wakesocket":"hello","resumed":true,"at":"`+after+`","live":false}`, `[{"id":"e-4","data":1},{"id":"e-5","data":1}]`,
			`{"wakesocket":"position","at":"e-5","live":true}`)
		for f := range frames {
			conn.Write(context.Background(), websocket.MessageText, []byte(f))
		}
	}), asked
}

func TestSnapshotThenEvents(t *testing.T) {
	frames := make(chan string)
	load := make(chan Snapshot)
	url := handler(t, func(_ *http.Request, conn *websocket.Conn) {
		go plain(conn, hello("e-5"))
		for f := range frames {
			conn.Write(context.Background(), websocket.MessageText, []byte(f))
		}
	})
	r := newRecorder()
	c := start(t, r.withSnapshots(r.options(url), func(ctx context.Context, _ string) (Snapshot, error) {
		select {
		case s := <-load:
			return s, nil
		case <-ctx.Done():
			return Snapshot{}, ctx.Err()
		}
	}))
	frames <- `[{"id":"e-6","data":1},{"id":"e-8","data":1}]`
	eventually(t, "the loading", func() bool { s := c.State(); return s.Cause == "the snapshot is loading" && !c.LastEventAt().IsZero() })
	if s := c.State(); s.Name != Connecting || s.Snapshot != SnapshotLoading || s.Err != nil || !s.RetryAt.IsZero() || s.Attempt != 0 {
		t.Errorf("while it loads: %+v", s)
	}
	if len(r.events) > 0 || c.Cursor() != "" {
		t.Errorf("before the snapshot: %v, cursor %q", r.events, c.Cursor())
	}
	load <- Snapshot{At: "e-6", Data: "S"}
	r.until(t, "live", r.live)
	if got := strings.Join(r.events, ", "); got != "snapshot e-6 S start, e-8" {
		t.Errorf("got %s", got)
	}
	if s := c.State(); s.Snapshot != "" || s.Cause != "" || c.Cursor() != "e-8" {
		t.Errorf("with the snapshot: %+v, cursor %q", s, c.Cursor())
	}
	frames <- `{"id":"e-9","data":1}`
	r.until(t, "the next event", func() bool { return len(r.events) == 3 })

	// Another one at any time.
	if err := c.ReloadSnapshot(); err != nil {
		t.Error(err)
	}
	load <- Snapshot{At: "e-9", Data: "T"}
	r.until(t, "another snapshot", func() bool { return len(r.events) == 4 && r.live() })
	if got := r.events[3]; got != "snapshot e-9 T request" || c.Cursor() != "e-9" {
		t.Errorf("got %s, cursor %q", got, c.Cursor())
	}
	frames <- `{"wakesocket":"position","at":"e-12","live":true}`
	eventually(t, "the position", func() bool { return c.Cursor() == "e-12" })
	close(frames)
}

func TestTheClientGoesBackToTheSnapshot(t *testing.T) {
	frames := make(chan string)
	defer close(frames)
	url, asked := resuming(t, frames)
	r := newRecorder()
	var commits []string
	o := r.withSnapshots(r.options(url), func(context.Context, string) (Snapshot, error) { return Snapshot{At: "e-3", Data: "S"}, nil })
	o.OnCommit = func(_ *Client, cursor string) error {
		r.note(func() { commits = append(commits, cursor) })
		return nil
	}
	c := start(t, o)
	r.until(t, "live", func() bool { return r.live() && len(r.events) == 3 })
	if got := strings.Join(r.events, ", "); got != "snapshot e-3 S start, e-4, e-5" {
		t.Errorf("got %s", got)
	}
	if a, b := <-asked, <-asked; a != "" || b != "e-3" || len(asked) > 0 {
		t.Errorf("dials after %q and %q", a, b)
	}
	if len(r.gaps)+len(r.errors) > 0 {
		t.Errorf("gaps %v, errors %v", r.gaps, r.errors)
	}
	r.until(t, "the commit", func() bool { return len(commits) > 0 && commits[len(commits)-1] == "e-5" })
	frames <- `{"id":"e-6","data":1}`
	r.until(t, "the next event", func() bool { return len(r.events) == 4 })
	if c.Cursor() == "" {
		t.Error("no cursor")
	}
}

// What is wrong with a snapshot is told, and the next one counts.
func TestWrongSnapshots(t *testing.T) {
	for name, c := range map[string]struct {
		wrong Snapshot
		err   error
		want  string
	}{
		"no position":    {Snapshot{Data: 1}, nil, "it came without a position; set At to the position"},
		"another epoch":  {Snapshot{At: "f-5"}, nil, `its position "f-5" is none of this feed, which is at "e-5"`},
		"no position id": {Snapshot{At: "nonsense"}, nil, `its position "nonsense" is none of this feed`},
		"an error":       {Snapshot{At: "e-5"}, errors.New("503"), "503"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRecorder()
			wrong := true // until the error was told
			connected := make(chan bool)
			o := r.withSnapshots(r.options(handler(t, func(_ *http.Request, conn *websocket.Conn) { plain(conn, hello("e-5")) })),
				func(context.Context, string) (Snapshot, error) {
					<-connected // else a snapshot is shown before anybody knows that it is wrong
					r.mu.Lock()
					defer r.mu.Unlock()
					if wrong {
						return c.wrong, c.err
					}
					return Snapshot{At: "e-5", Data: "right"}, nil
				})
			var shown State // with the failure; the next try may begin before anybody asks
			told := o.OnState
			o.OnState = func(cl *Client, s State) {
				told(cl, s)
				if s.Snapshot == SnapshotFailed && shown.Snapshot == "" {
					r.note(func() { shown = s })
				}
			}
			o.OnError = func(_ *Client, err error) { r.note(func() { wrong, r.errors = false, append(r.errors, err) }) }
			client := start(t, o)
			eventually(t, "the connection", func() bool { return client.State().Cause == "the snapshot is loading" })
			close(connected)
			r.until(t, "live", r.live)
			if got := strings.Join(r.events, ", "); got != "snapshot e-5 right start" {
				t.Errorf("got %s", got)
			}
			var failed *SnapshotError
			if len(r.errors) != 1 || !errors.As(r.errors[0], &failed) {
				t.Fatalf("errors %v", r.errors)
			}
			if !strings.Contains(failed.Error(), c.want) || failed.Attempt != 1 || failed.Wait < time.Second || c.err != nil && !errors.Is(failed, c.err) {
				t.Errorf("%v", failed)
			}
			if shown.Snapshot != SnapshotFailed || shown.Name != Connecting || shown.Err != error(failed) || shown.Attempt != 1 ||
				!strings.HasPrefix(shown.Cause, "snapshot failed: ") || !strings.Contains(shown.Cause, c.want) || time.Until(shown.RetryAt) > 2*time.Second || shown.RetryAt.IsZero() {
				t.Errorf("after the failure: %+v", shown)
			}
		})
	}
}

// A gap is told, and cured by a snapshot.
func TestSnapshotAfterGap(t *testing.T) {
	r := newRecorder()
	reasons := make(chan string, 10)
	url := handler(t, func(_ *http.Request, conn *websocket.Conn) {
		plain(conn, `{"wakesocket":"hello","resumed":false,"at":"e-5","live":true,"gap":{"after":"d-9","earliest":"e-6","reason":"epoch"}}`)
	})
	o := r.withSnapshots(r.options(url), func(_ context.Context, reason string) (Snapshot, error) {
		reasons <- reason
		return Snapshot{At: "e-5", Data: "S"}, nil
	})
	o.After = "d-9"
	c := start(t, o)
	r.until(t, "live", r.live)
	if got := strings.Join(r.events, ", "); got != "snapshot e-5 S epoch" || len(r.gaps) != 1 || r.gaps[0].Reason != "epoch" || len(reasons) != 1 || c.Cursor() != "e-5" {
		t.Errorf("got %s, gaps %v, %d calls, cursor %q", got, r.gaps, len(reasons), c.Cursor())
	}
}

// A client whose connection is lost while it has its snapshot needs no other one; the
// call of one that is closed ends.
func TestSnapshotOnce(t *testing.T) {
	f, proxy := serve(t, feed.Options{})
	r := newRecorder()
	calls := make(chan string, 10)
	c := start(t, quick(r.withSnapshots(r.options("http://"+proxy.Addr()), func(ctx context.Context, reason string) (Snapshot, error) {
		calls <- reason
		at, err := f.Position(ctx)
		return Snapshot{At: at}, err
	})))
	r.until(t, "live", r.live)
	proxy.Existing(faultproxy.Reset)
	publish(t, f, 1, 5)
	r.until(t, "the events", func() bool { return len(r.events) == 6 })
	proxy.Close()
	eventually(t, "the loss", func() bool { return c.State().Name == Reconnecting })
	if s := c.State(); s.Snapshot != "" || len(calls) != 1 {
		t.Errorf("%+v after %d calls", s, len(calls))
	}
}

func TestACallOfAClosedClientEnds(t *testing.T) {
	called, ended := make(chan bool, 1), make(chan bool)
	r := newRecorder()
	c := start(t, r.withSnapshots(r.options(handler(t, func(_ *http.Request, conn *websocket.Conn) { plain(conn, hello("e-5")) })),
		func(ctx context.Context, _ string) (Snapshot, error) {
			called <- true
			<-ctx.Done()
			close(ended)
			return Snapshot{}, ctx.Err()
		}))
	within(t, "the call", func() { <-called })
	within(t, "Close", c.Close)
	within(t, "the call", func() { <-ended })
	if s := c.State(); s.Name != Stopped || s.Snapshot != "" {
		t.Errorf("%+v", s)
	}
}

// Close, Ready and all other methods in OnSnapshot and in Snapshot itself.
func TestMethodsInSnapshotCallbacks(t *testing.T) {
	url := handler(t, func(_ *http.Request, conn *websocket.Conn) { plain(conn, hello("e-5")) })
	var mu sync.Mutex
	var c *Client
	called := make(chan error, 10)
	all := func(c *Client) {
		if err := c.Ready(context.Background()); err != nil && err != ErrWaitInCallback {
			called <- fmt.Errorf("Ready: %w", err)
		}
		if err := c.ReloadSnapshot(); err != nil {
			called <- err
		}
		_, _, _, _, _ = c.State(), c.Cursor(), c.Lag(), c.Topics(), c.RTT()
		c.SetTopics("n")
		c.Reconnect()
		c.Close()
		called <- nil
	}
	o := Options{
		URL: url,
		Snapshot: func(context.Context, string) (Snapshot, error) {
			mu.Lock() // until New has returned
			defer mu.Unlock()
			_ = c.State()
			return Snapshot{At: "e-5"}, nil
		},
		OnSnapshot: func(c *Client, _ Snapshot) { all(c) },
	}
	mu.Lock()
	c = start(t, o)
	mu.Unlock()
	within(t, "OnSnapshot", func() {
		if err := <-called; err != nil {
			t.Error(err)
		}
	})
	within(t, "the end", func() { _ = c.Wait() })

	closed := make(chan bool)
	mu.Lock()
	o.Snapshot = func(context.Context, string) (Snapshot, error) {
		mu.Lock()
		defer mu.Unlock()
		c.Close()
		close(closed)
		return Snapshot{}, nil
	}
	c = start(t, o)
	mu.Unlock()
	within(t, "Close in Snapshot", func() { <-closed })
}

func TestNoSnapshot(t *testing.T) {
	c, err := New(Options{URL: "ws://a"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.ReloadSnapshot(); err != ErrNoSnapshot {
		t.Error(err)
	}
	load := func(context.Context, string) (Snapshot, error) { return Snapshot{}, nil }
	for _, o := range []Options{{URL: "ws://a", Snapshot: load}, {URL: "ws://a", OnSnapshot: func(*Client, Snapshot) {}}} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), "belong together") {
			t.Errorf("%v", err)
		}
	}
}

// The words are those of package snapshot.
func TestSnapshotWords(t *testing.T) {
	if SnapshotStart != "start" || SnapshotOverflow != "overflow" || SnapshotRequest != "request" || snapshot.DefaultLimits != (snapshot.Limits{Events: 10_000, Bytes: 4 << 20}) {
		t.Error("the words or limits of the page are others")
	}
	err := &SnapshotError{Attempt: 2, Wait: 1500 * time.Millisecond, Err: errors.New("503")}
	if got := err.Error(); got != "native: snapshot failed (attempt 2): 503. It is called again in 1.5s" {
		t.Error(got)
	}
}
