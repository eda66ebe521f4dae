package native

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

const patience = 20 * time.Second

// recorder collects what a client is told.
type recorder struct {
	mu     sync.Mutex
	moved  chan struct{}
	events []string
	gaps   []Gap
	states []StateName
	errors []error
}

func newRecorder() *recorder { return &recorder{moved: make(chan struct{})} }

func (r *recorder) note(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
	close(r.moved)
	r.moved = make(chan struct{})
}

func (r *recorder) options(url string) Options {
	return Options{
		URL:     url,
		OnEvent: func(_ *Client, e Event) { r.note(func() { r.events = append(r.events, string(e.Data)) }) },
		OnGap:   func(_ *Client, g Gap) { r.note(func() { r.gaps = append(r.gaps, g) }) },
		OnState: func(_ *Client, s State) { r.note(func() { r.states = append(r.states, s.Name) }) },
		OnError: func(_ *Client, err error) { r.note(func() { r.errors = append(r.errors, err) }) },
	}
}

// until waits for a condition on what was recorded.
func (r *recorder) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit := time.After(patience)
	for {
		r.mu.Lock()
		done, moved := ok(), r.moved
		r.mu.Unlock()
		if done {
			return
		}
		select {
		case <-moved:
		case <-limit:
			r.mu.Lock()
			defer r.mu.Unlock()
			t.Fatalf("%s did not come; events %v, states %v, gaps %v, errors %v", what, r.events, r.states, r.gaps, r.errors)
		}
	}
}

func (r *recorder) live() bool {
	return len(r.states) > 0 && r.states[len(r.states)-1] == Live
}

// quick shortens what would make a test slow.
func quick(o Options) Options {
	o.QuietHeartbeat, o.ChallengeAfter, o.HeartbeatTimeout, o.Heartbeat = 300*time.Millisecond, 150*time.Millisecond, time.Second, time.Second
	return o
}

func start(t *testing.T, opt Options) *Client {
	t.Helper()
	c, err := Connect(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// serve starts a feed behind a proxy that can fail.
func serve(t *testing.T, opt feed.Options) (*feed.Feed, *faultproxy.Proxy) {
	t.Helper()
	opt.Logger = slog.New(slog.DiscardHandler)
	f, err := feed.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(f)
	proxy, err := faultproxy.Listen(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		proxy.Close()
		f.Close()
		server.Close()
	})
	return f, proxy
}

func publish(t *testing.T, f *feed.Feed, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		if _, err := f.Publish(t.Context(), "n", []byte(fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
	}
}

func wantNumbers(t *testing.T, got []string, n int) {
	t.Helper()
	for i := range got {
		if got[i] != fmt.Sprint(i+1) {
			t.Fatalf("event %d is %s: %v", i+1, got[i], got)
		}
	}
	if len(got) != n {
		t.Fatalf("%d events, want %d", len(got), n)
	}
}

func TestEveryEventOnceThroughEveryCut(t *testing.T) {
	for name, cut := range map[string]func(*faultproxy.Proxy){
		"reset":       func(p *faultproxy.Proxy) { p.Existing(faultproxy.Reset) },
		"silent":      func(p *faultproxy.Proxy) { p.Existing(faultproxy.Swallow) },
		"silent down": func(p *faultproxy.Proxy) { p.Existing(faultproxy.SwallowDown) },
		"silent up":   func(p *faultproxy.Proxy) { p.Existing(faultproxy.SwallowUp) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, proxy := serve(t, feed.Options{})
			r := newRecorder()
			opt := quick(r.options("http://" + proxy.Addr()))
			c := start(t, opt)
			r.until(t, "live", r.live)
			publish(t, f, 1, 10)
			r.until(t, "10 events", func() bool { return len(r.events) == 10 })
			cut(proxy)
			publish(t, f, 11, 50)
			r.until(t, "50 events", func() bool { return len(r.events) >= 50 })
			r.until(t, "live", r.live)
			wantNumbers(t, r.events, 50)
			if len(r.gaps) > 0 {
				t.Errorf("gaps %v", r.gaps)
			}
			if c.State().Name != Live || c.Cursor() == "" {
				t.Errorf("state %v, cursor %q", c.State(), c.Cursor())
			}
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			if err := proxy.AwaitLive(ctx, 1); err != nil {
				t.Errorf("%d sockets live after healing, want 1", proxy.Live())
			}
		})
	}
}

func TestGapIsTold(t *testing.T) {
	f, proxy := serve(t, feed.Options{Store: memory.New(memory.Options{Events: 5})})
	r := newRecorder()
	opt := quick(r.options("ws://" + proxy.Addr()))
	opt.After = "another-epoch-7"
	publish(t, f, 1, 9)
	start(t, opt)
	r.until(t, "gap and replay", func() bool { return len(r.gaps) == 1 && len(r.events) == 5 && r.live() })
	if g := r.gaps[0]; g.After != "another-epoch-7" || g.Earliest == "" {
		t.Errorf("gap %+v", g)
	}
	if strings.Join(r.events, " ") != "5 6 7 8 9" {
		t.Errorf("events %v", r.events)
	}
}

// handler serves one scripted connection after another.
func handler(t *testing.T, serve ...func(*http.Request, *websocket.Conn)) string {
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow()
		mu.Lock()
		next := serve[0]
		if len(serve) > 1 {
			serve = serve[1:]
		}
		mu.Unlock()
		next(r, conn)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// plain answers pings as the article's servers do.
func plain(conn *websocket.Conn, frames ...string) {
	for _, frame := range frames {
		conn.Write(context.Background(), websocket.MessageText, []byte(frame))
	}
	for {
		_, data, err := conn.Read(context.Background())
		if err != nil {
			return
		}
		if string(data) == wire.Ping {
			conn.Write(context.Background(), websocket.MessageText, []byte(wire.Pong))
		}
	}
}

func TestFramesThatMakeNoSense(t *testing.T) {
	url := handler(t, func(_ *http.Request, conn *websocket.Conn) {
		conn.Write(context.Background(), websocket.MessageBinary, []byte{1})
		plain(conn, `{"id":`, `[1,{"id":"a","data":1}]`, `"text"`, `{"id":{},"data":2}`, `{"wakesocket":"news"}`, `{"wakesocket":"hello","at":7}`,
			`{"wakesocket":"position","at":7}`, `[`, `[]`, `{"id":9007199254740993,"data":3}`, `{"id":null,"data":4}`, `{"id":"a","data":5}`)
	})
	r := newRecorder()
	c := start(t, r.options(url))
	r.until(t, "events", func() bool { return len(r.events) == 4 })
	if strings.Join(r.events, " ") != "1 2 3 4" {
		t.Errorf("events %v, want all but the repeated one", r.events)
	}
	if c.Cursor() != "9007199254740993" {
		t.Errorf("cursor %q lost digits", c.Cursor())
	}
	r.until(t, "errors", func() bool { return len(r.errors) == 8 })
}

func TestURLs(t *testing.T) {
	requests := make(chan string, 10)
	url := handler(t,
		func(r *http.Request, conn *websocket.Conn) {
			requests <- r.URL.RawQuery
			conn.Close(4401, "expired")
		},
		func(r *http.Request, conn *websocket.Conn) {
			requests <- r.URL.RawQuery
			plain(conn)
		})
	r := newRecorder()
	opt := r.options("")
	fresh := []bool{}
	opt.Resolve = func(_ context.Context, f bool) (string, error) {
		fresh = append(fresh, f)
		switch len(fresh) {
		case 1:
			return "", errors.New("token service: 500")
		case 2:
			return "ws://a b/", nil
		}
		return url + "/?token=1", nil
	}
	opt.MinReconnectDelay, opt.After = 50*time.Millisecond, "é&x"
	opt.Topics, opt.ID = []string{"a", "b"}, "me"
	start(t, opt)
	r.until(t, "live", r.live)
	if want := "after=%C3%A9%26x&client=me&token=1&topic=a&topic=b&wakesocket=1"; <-requests != want {
		t.Errorf("query is not %s", want)
	}
	<-requests
	if fmt.Sprint(fresh) != "[false false false true]" {
		t.Errorf("fresh %v, want a new token after 4401 only", fresh)
	}
	r.until(t, "errors", func() bool { return len(r.errors) == 3 })
	if !errors.Is(r.errors[2], ErrUnauthorized) {
		t.Errorf("the refused token is reported as %v", r.errors[2])
	}
}

func TestSend(t *testing.T) {
	got := make(chan []byte, 1)
	f, proxy := serve(t, feed.Options{OnMessage: func(_ feed.Client, data []byte) { got <- data }})
	_ = f
	r := newRecorder()
	early, err := New(r.options("http://" + proxy.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()
	if err := early.Send(t.Context(), "early"); !errors.Is(err, ErrNotLive) {
		t.Errorf("before live: %v", err)
	}
	c := start(t, r.options("http://"+proxy.Addr()))
	r.until(t, "live", r.live)
	if err := c.Send(t.Context(), map[string]int{"n": 1}); err != nil {
		t.Fatal(err)
	}
	if data := <-got; !json.Valid(data) || string(data) != `{"n":1}` {
		t.Errorf("got %s", data)
	}
	if err := c.Send(t.Context(), make(chan int)); err == nil {
		t.Error("a channel was sent")
	}
	c.Close()
	if c.State().Name != Stopped {
		t.Errorf("state %s after Close", c.State().Name)
	}
	c.Reconnect() // without effect, and without a block
}

func TestReconnectEndsFailed(t *testing.T) {
	url := handler(t,
		func(_ *http.Request, conn *websocket.Conn) { conn.Close(4403, "no") },
		func(_ *http.Request, conn *websocket.Conn) { plain(conn) })
	r := newRecorder()
	c := start(t, r.options(url))
	r.until(t, "failed", func() bool { return len(r.states) > 0 && r.states[len(r.states)-1] == Failed })
	if !strings.Contains(c.State().Cause, "4403: no") {
		t.Errorf("cause %q", c.State().Cause)
	}
	c.NetworkChanged() // no wake signal ends it
	c.Reconnect()
	r.until(t, "live", r.live)
}

func TestOptionsThatCannotWork(t *testing.T) {
	for name, opt := range map[string]Options{
		"no address":  {},
		"bad address": {URL: "http://a b"},
		"bad tuning":  {URL: "http://a", HeartbeatTimeout: time.Millisecond},
	} {
		if _, err := Connect(t.Context(), opt); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A plain server that starts its ids anew must not be mistaken for one that repeats.
func TestIDsThatBeginAnew(t *testing.T) {
	for name, second := range map[string][]string{
		"with other events":                {`{"id":1,"data":"new 1"}`, `{"id":2,"data":"new 2"}`},
		"with events that look the same":   {`{"id":1,"data":"1"}`, `{"id":2,"data":"2"}`},
		"where the first is remembered":    {`{"id":2,"data":"new 2"}`},
		"where none of them is remembered": {`{"id":0,"data":"0"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := handler(t,
				func(_ *http.Request, conn *websocket.Conn) {
					for n := 1; n <= 5; n++ {
						conn.Write(context.Background(), websocket.MessageText, fmt.Appendf(nil, `{"id":%d,"data":"%d"}`, n, n))
					}
					conn.Close(1001, "restart")
				},
				func(_ *http.Request, conn *websocket.Conn) { plain(conn, second...) })
			r := newRecorder()
			start(t, r.options(url))
			r.until(t, "the events of the second run", func() bool { return len(r.events) == 5+len(second) })
			if len(r.gaps) != 1 || r.gaps[0].After != "5" || r.gaps[0].Reason != wire.GapRestarted {
				t.Errorf("gaps %+v, want one after 5: restarted", r.gaps)
			}
		})
	}
}
