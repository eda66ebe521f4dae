package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

const patience = 10 * time.Second

var assets = fstest.MapFS{
	"index.html":          {Data: []byte("<!doctype html>")},
	"dist/shim.js":        {Data: []byte("export {}")},
	"dist/client.wasm":    {Data: []byte("wasm wasm wasm")},
	"dist/client.wasm.br": {Data: []byte("br")},
}

// demo is the whole dashboard on a port of its own.
type demo struct {
	base  string
	leave context.CancelFunc
	ended chan error
}

func start(t *testing.T) *demo {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	open, _, err := logAt("memory")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &demo{"http://" + listener.Addr().String(), cancel, make(chan error, 1)}
	go func() { s.ended <- serve(ctx, listener, site{assets: assets, open: open}) }()
	t.Cleanup(func() {
		cancel()
		select {
		case <-s.ended:
		case <-time.After(patience):
			t.Error("serve did not end")
		}
	})
	return s
}

func (s *demo) do(t *testing.T, method, path string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

func (s *demo) fault(t *testing.T, kind string) broken {
	t.Helper()
	answer, body := s.do(t, "POST", "/faults/"+kind)
	var report broken
	if err := json.Unmarshal([]byte(body), &report); err != nil || answer.StatusCode != 200 {
		t.Fatalf("%s: %d %s", kind, answer.StatusCode, body)
	}
	return report
}

type reading struct {
	ID    string `json:"id"`
	Topic string `json:"topic"`
	Data  struct {
		Run string `json:"run"`
		N   uint64 `json:"n"`
	} `json:"data"`
}

type socket struct {
	t *testing.T
	*websocket.Conn
	queue []reading
}

func (s *demo) dial(t *testing.T, path string) *socket {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, _, err := websocket.Dial(ctx, strings.Replace(s.base, "http", "ws", 1)+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	return &socket{t: t, Conn: c}
}

func (c *socket) frame() []byte {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, frame, err := c.Read(ctx)
	if err != nil {
		c.t.Fatal(err)
	}
	return frame
}

func (c *socket) hello() wire.Hello {
	c.t.Helper()
	var hello wire.Hello
	if err := json.Unmarshal(c.frame(), &hello); err != nil || hello.Kind != wire.KindHello {
		c.t.Fatalf("no hello: %+v, %v", hello, err)
	}
	return hello
}

// next is the next event, out of an array or not.
func (c *socket) next() reading {
	c.t.Helper()
	for len(c.queue) == 0 {
		frame := c.frame()
		if strings.HasPrefix(string(frame), `{"wakesocket"`) {
			continue
		}
		if frame[0] != '[' {
			frame = []byte("[" + string(frame) + "]")
		}
		if err := json.Unmarshal(frame, &c.queue); err != nil {
			c.t.Fatalf("%s: %v", frame, err)
		}
	}
	first := c.queue[0]
	c.queue = c.queue[1:]
	return first
}

func (s *demo) snapshot(t *testing.T) (at string, events []reading) {
	t.Helper()
	for {
		answer, body := s.do(t, "GET", "/snapshot")
		var got struct {
			Events []reading `json:"events"`
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Events) > 0 {
			return answer.Header.Get("Wakesocket-Position"), got.Events
		}
	}
}

func TestPage(t *testing.T) {
	s := start(t)
	answer, body := s.do(t, "GET", "/")
	csp := answer.Header.Get("Content-Security-Policy")
	if answer.StatusCode != 200 || body != "<!doctype html>" || !strings.Contains(csp, "'wasm-unsafe-eval'") || strings.Contains(csp, "unsafe-inline") {
		t.Errorf("page: %d %q, policy %q", answer.StatusCode, body, csp)
	}
	answer, body = s.do(t, "GET", "/dist/client.wasm", "Accept-Encoding", "br")
	if body != "br" || answer.Header.Get("Content-Type") != "application/wasm" || answer.Header.Get("Content-Encoding") != "br" {
		t.Errorf("wasm: %q %v", body, answer.Header)
	}
	for _, path := range []string{"/metrics", "/debug/clients"} {
		if answer, _ := s.do(t, "GET", path); answer.StatusCode != 200 {
			t.Errorf("%s: %d", path, answer.StatusCode)
		}
	}
}

func TestTheFeedGoesOnFromTheSnapshot(t *testing.T) {
	s := start(t)
	at, events := s.snapshot(t)
	c := s.dial(t, "/feed?wakesocket=1&after="+url.QueryEscape(at))
	if hello := c.hello(); !hello.Resumed || hello.Gap != nil {
		t.Fatalf("hello: %+v", hello)
	}
	last := events[len(events)-1].Data
	topics := map[string]bool{}
	for n := last.N + 1; n <= last.N+20; n++ {
		e := c.next()
		if e.Data.N != n || e.Data.Run != last.Run {
			t.Fatalf("event %d of %s, want %d of %s", e.Data.N, e.Data.Run, n, last.Run)
		}
		topics[e.Topic] = true
	}
	for _, topic := range []string{"cpu", "net", "mem", "load", "disk"} {
		if !topics[topic] {
			t.Errorf("no %s among 20 events", topic)
		}
	}
}

func TestThePlainFeedHasNothingButEvents(t *testing.T) {
	c := start(t).dial(t, "/plain")
	for range 5 {
		var e reading
		if frame := c.frame(); json.Unmarshal(frame, &e) != nil || e.ID == "" || e.Data.N == 0 {
			t.Fatalf("frame %s", frame)
		}
	}
}

func TestRestartKeepsTheLogAndClosesConnections(t *testing.T) {
	s := start(t)
	c := s.dial(t, "/feed?wakesocket=1")
	c.hello()
	last := c.next()
	s.fault(t, "restart")
	if code := c.closed(&last); code != wire.CloseRestart {
		t.Fatalf("closed with %d", code)
	}
	again := s.dial(t, "/feed?wakesocket=1&after="+last.ID)
	if hello := again.hello(); !hello.Resumed {
		t.Fatalf("hello: %+v", hello)
	}
	if n := again.next().Data.N; n != last.Data.N+1 {
		t.Fatalf("went on with %d after %d", n, last.Data.N)
	}
}

func TestCrashLosesTheLogAndTheGapIsTold(t *testing.T) {
	s := start(t)
	c := s.dial(t, "/feed?wakesocket=1")
	c.hello()
	last := c.next()
	s.fault(t, "crash")
	if code := c.closed(&last); code == wire.CloseRestart {
		t.Fatal("a crash closed the connection")
	}
	again := s.dial(t, "/feed?wakesocket=1&after="+last.ID)
	if hello := again.hello(); hello.Resumed || hello.Gap == nil || hello.Gap.Reason != wire.GapEpoch {
		t.Fatalf("hello: %+v", hello)
	}
	if next := again.next().Data; next.Run != last.Data.Run || next.N <= last.Data.N {
		t.Fatalf("the numbers did not go on: %+v after %+v", next, last.Data)
	}
}

// closed reads on to the end, keeps the last event, and returns the close code.
func (c *socket) closed(last *reading) websocket.StatusCode {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		_, frame, err := c.Read(ctx)
		if ctx.Err() != nil {
			c.t.Fatal("not closed")
		}
		if err != nil {
			return websocket.CloseStatus(err)
		}
		var e reading
		if json.Unmarshal(frame, &e) == nil && e.ID != "" {
			*last = e
		}
	}
}

func TestFaultsHitWebSocketsOnly(t *testing.T) {
	s := start(t)
	c := s.dial(t, "/plain")
	c.next()
	if report := s.fault(t, "cut"); report.Hit != 1 {
		t.Fatalf("cut: %+v", report)
	}
	if report := s.fault(t, "stall?seconds=60"); report.Outage != "stall" || report.LeftMS < 50_000 {
		t.Fatalf("stall: %+v", report)
	}
	s.do(t, "GET", "/")
	if _, body := s.do(t, "GET", "/faults"); !strings.Contains(body, `"outage":"stall"`) {
		t.Fatalf("status: %s", body)
	}
	if report := s.fault(t, "heal"); report.Outage != "" {
		t.Fatalf("heal: %+v", report)
	}
	s.dial(t, "/plain").next()
}

func TestFaultsRefuseWhatTheyShould(t *testing.T) {
	s := start(t)
	for _, c := range []struct {
		method, path, origin string
		want                 int
	}{
		{"POST", "/faults/reset", "https://elsewhere.example", 403},
		{"POST", "/faults/reset", s.base, 200},
		{"GET", "/faults/reset", "", 404},
		{"POST", "/faults/earthquake", "", 400},
		{"POST", "/faults/stall", "", 400},
		{"POST", "/faults/stall?seconds=0", "", 400},
		{"POST", "/faults/hang?seconds=NaN", "", 400},
		{"POST", "/faults/refuse?seconds=1e9", "", 400},
	} {
		headers := []string{}
		if c.origin != "" {
			headers = append(headers, "Origin", c.origin)
		}
		if answer, body := s.do(t, c.method, c.path, headers...); answer.StatusCode != c.want {
			t.Errorf("%s %s from %q: %d %s, want %d", c.method, c.path, c.origin, answer.StatusCode, body, c.want)
		}
	}
}

func TestLeavingSendsClientsAway(t *testing.T) {
	s := start(t)
	a, b := s.dial(t, "/feed?wakesocket=1"), s.dial(t, "/plain")
	a.hello()
	b.next()
	s.leave()
	var last reading
	for _, c := range []*socket{a, b} {
		if code := c.closed(&last); code != wire.CloseRestart {
			t.Errorf("closed with %d", code)
		}
	}
	select {
	case err := <-s.ended:
		if err != nil {
			t.Error(err)
		}
		s.ended <- nil // for the cleanup
	case <-time.After(patience):
		t.Error("still there")
	}
}

func TestStartTellsWhatIsMissing(t *testing.T) {
	err := checkBuilt(fstest.MapFS{"dist/shim.js": {}})
	if err == nil || !strings.Contains(err.Error(), "make build") || !strings.Contains(err.Error(), "client.wasm") {
		t.Errorf("%v", err)
	}
	if err := checkBuilt(assets); err != nil {
		t.Error(err)
	}
	var inUse *net.OpError
	s := start(t)
	if err := run(strings.TrimPrefix(s.base, "http://"), "memory", nil, nil); !errors.As(err, &inUse) && !strings.Contains(err.Error(), "make build") {
		t.Errorf("address in use: %v", err)
	}
}
