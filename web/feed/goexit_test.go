package feed

import (
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

const hookEnded = "hook ended its goroutine instead of returning; do not call runtime.Goexit, or FailNow of a test, in it"

// A hook that ends its goroutine costs its own client, as one that panics.
func TestHooksThatEndTheirGoroutine(t *testing.T) {
	ends := func(r *http.Request) {
		if r.URL.Query().Has("boom") {
			runtime.Goexit()
		}
	}
	for name, options := range map[string]Options{
		"Authorize": {Authorize: func(r *http.Request) (*Grant, error) { ends(r); return nil, nil }},
		"Topics":    {Topics: func(r *http.Request) func(string) bool { ends(r); return nil }},
	} {
		s := serve(t, options).ready()
		if ce := s.dial("wakesocket=1&boom").closed(); ce.Code != websocket.StatusTryAgainLater {
			t.Errorf("%s: %+v", name, ce)
		}
		s.knowing("")
		if n := places(s.Feed); n != 1 || len(s.log.with(hookEnded)) != 1 {
			t.Errorf("%s: %d places, %s", name, n, s.log)
		}
	}
}

// Its writer has ended, so the client would be called live and get nothing.
func TestTopicsAnswerThatEndsItsGoroutine(t *testing.T) {
	s := serve(t, Options{Topics: func(r *http.Request) func(string) bool {
		if !r.URL.Query().Has("boom") {
			return nil
		}
		return func(string) bool { runtime.Goexit(); return true }
	}}).ready()
	p, other := s.knowing("", "boom"), s.knowing("")
	s.publish("cpu", 1, 1)
	if ce := p.closed(); ce.Code != wire.CloseAbnormal || len(p.events) > 0 {
		t.Errorf("%+v, %v", ce, p.events)
	}
	other.readEvents(1)
	if line := s.dropped(); line["cause"] != causePanic || len(s.log.with(hookEnded)) != 1 {
		t.Errorf("%v, %s", line, s.log)
	}
	until(t, "its place is free", func() bool { return places(s.Feed) == 1 })
}

// Messages that came after it still reach the hook, and their memory is given back.
func TestOnMessageThatEndsItsGoroutine(t *testing.T) {
	called, release, second := make(chan struct{}), make(chan struct{}), make(chan string, 1)
	s := serve(t, Options{OnMessage: func(_ Client, data []byte) {
		if string(data) == `{"n":1}` {
			close(called)
			<-release
			runtime.Goexit()
		}
		second <- string(data)
	}}).ready()
	before := s.memory.used.Load()
	p := s.knowing("")
	p.send(`{"n":1}`)
	<-called
	p.send(`{"n":2}`)
	p.send("ping")
	p.readUntil("pong", func() bool { return p.pongs == 1 })
	close(release)
	if ce := p.closed(); ce.Code != internalError {
		t.Errorf("%+v", ce)
	}
	select {
	case got := <-second:
		if got != `{"n":2}` {
			t.Error(got)
		}
	case <-time.After(patience):
		t.Error("the second message is lost")
	}
	if line := s.dropped(); line["cause"] != causePanic || len(s.log.with(hookEnded)) != 1 {
		t.Errorf("%v, %s", line, s.log)
	}
	until(t, "the memory is given back", func() bool { return s.memory.used.Load() == before })
}
