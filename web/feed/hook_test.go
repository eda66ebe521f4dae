package feed

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

func TestSlots(t *testing.T) {
	s := newSlots(3, 2)
	steps := []struct {
		take, want bool
		block      int
	}{{true, true, 1}, {true, true, 1}, {true, false, 1}, {true, true, 2}, {true, false, 3}, {false, false, 1}, {true, true, 3}, {true, false, 1}}
	for i, step := range steps {
		if !step.take {
			s.give(block(step.block))
		} else if got := s.take(block(step.block)); got != step.want {
			t.Errorf("step %d: %v", i, got)
		}
	}
	for i := range 3 {
		s.give(block(i + 1))
	}
	if s.held != 0 || len(s.byAddress) != 0 {
		t.Errorf("%+v", &s)
	}
}

func hooksOf(log *lines, timeout time.Duration) *hooks {
	options := &Options{HookTimeout: timeout, Logger: jsonLogger(log)}
	return &hooks{options: options, slots: newSlots(2, 2)}
}

func TestHookRuns(t *testing.T) {
	log := &lines{}
	h := hooksOf(log, time.Minute)
	got, err := run(context.Background(), h, "Authorize", block(1), func(ctx context.Context) int {
		if _, limited := ctx.Deadline(); !limited {
			t.Error("the context has no deadline")
		}
		return 7
	})
	if got != 7 || err != nil || h.slots.held != 0 {
		t.Errorf("%d, %v, %d slots", got, err, h.slots.held)
	}
	if _, err = run(context.Background(), h, "Authorize", block(1), func(context.Context) int { panic("bug") }); err == nil || h.slots.held != 0 {
		t.Errorf("%v, %d slots", err, h.slots.held)
	}
	records := log.with("hook panicked")
	if len(records) != 1 || records[0]["hook"] != "Authorize" || records[0]["panic"] != "bug" || !strings.Contains(fmt.Sprint(records[0]["stack"]), "hook_test.go") {
		t.Errorf("%v", records)
	}
}

// Hooks that never return are waited for until the timeout, and hold their slots,
// so that there are never many.
func TestHookThatBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &lines{}
		h := hooksOf(log, 10*time.Second)
		release := make(chan struct{})
		begin := time.Now()
		for range 2 {
			_, err := run(context.Background(), h, "Topics", block(1), func(ctx context.Context) int { <-ctx.Done(); <-release; return 1 })
			if err == nil {
				t.Error("no error")
			}
		}
		if took := time.Since(begin); took != 20*time.Second {
			t.Errorf("waited %v", took)
		}
		if _, err := run(context.Background(), h, "Topics", block(2), func(context.Context) int { return 1 }); err == nil || time.Since(begin) != 20*time.Second {
			t.Errorf("a third call: %v", err)
		}
		if len(log.with("hook does not return; it must be quick, or end with the context of its request")) != 2 ||
			len(log.with("too many calls of a hook have not returned; see why it blocks")) != 1 {
			t.Errorf("%s", log)
		}
		close(release)
		synctest.Wait()
		if h.slots.held != 0 {
			t.Errorf("%d slots", h.slots.held)
		}
	})
}

// A hook that fails keeps no place and tells the client to try again.
func TestFailingHooksKeepNoPlace(t *testing.T) {
	boom := func(r *http.Request) bool { return r.URL.Query().Has("boom") }
	for name, options := range map[string]Options{
		"Authorize panics": {Authorize: func(r *http.Request) (*Grant, error) {
			if boom(r) {
				panic("bug")
			}
			return nil, nil
		}},
		"Topics panics": {Topics: func(r *http.Request) func(string) bool {
			if boom(r) {
				panic("bug")
			}
			return nil
		}},
		"Authorize blocks": {HookTimeout: 50 * time.Millisecond, Authorize: func(r *http.Request) (*Grant, error) {
			if boom(r) {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return nil, nil
		}},
		"Authorize returns nonsense": {Authorize: func(r *http.Request) (*Grant, error) {
			if boom(r) {
				return &Grant{Topics: []string{""}}, nil
			}
			return nil, nil
		}},
	} {
		options.MaxPerAddress = 2
		s := serve(t, options).ready()
		for range 3 {
			if ce := s.dial("wakesocket=1&boom").closed(); ce.Code != websocket.StatusTryAgainLater || !hasAdvice(ce) {
				t.Errorf("%s: %+v", name, ce)
			}
		}
		s.knowing("")
		if n := places(s.Feed); n != 1 {
			t.Errorf("%s: %d places", name, n)
		}
	}
}

// One client's slow Topics answer delays neither Publish nor other clients.
func TestSlowTopicsAnswerCostsItsOwnClient(t *testing.T) {
	asked, release := make(chan struct{}, 10), make(chan struct{})
	s := serve(t, Options{Topics: func(r *http.Request) func(string) bool {
		if !r.URL.Query().Has("slow") {
			return nil
		}
		return func(string) bool {
			asked <- struct{}{}
			<-release
			return true
		}
	}}).ready()
	slow, quick := s.knowing("", "slow"), s.knowing("")
	s.publish("cpu", 1, 1)
	<-asked
	s.publish("mem", 2, 40)
	quick.readEvents(40)
	quick.expect(1, 40)
	close(release)
	slow.readEvents(40)
	slow.expect(1, 40)
}

// What the Topics hook returns may look up rights with the request: its context has
// what Authorize has put there, and ends when the client has left.
func TestTopicsAnswerHasTheContextOfTheRequest(t *testing.T) {
	type key struct{}
	asked := make(chan context.Context, 10)
	s := serve(t, Options{
		Authorize: func(r *http.Request) (*Grant, error) {
			*r = *r.WithContext(context.WithValue(r.Context(), key{}, "user"))
			return nil, nil
		},
		Topics: func(r *http.Request) func(string) bool {
			return func(string) bool {
				asked <- r.Context()
				return r.Context().Err() == nil && r.Context().Value(key{}) == "user"
			}
		},
	}).ready()
	p := s.knowing("")
	s.publish("cpu", 1, 1)
	p.readEvents(1)
	p.conn.CloseNow()
	during := <-asked
	until(t, "the context has ended", func() bool { return during.Err() != nil })

	response, err := http.Get(s.url + "/?history=cpu")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); !strings.Contains(string(body), `"topic":"cpu"`) {
		t.Errorf("history: %d %s", response.StatusCode, body)
	}
	during = <-asked
	until(t, "the context of the history has ended", func() bool { return during.Err() != nil })
}

// A Topics hook that takes too long is told by its context.
func TestContextEndsForASlowTopicsHook(t *testing.T) {
	ended := make(chan struct{})
	s := serve(t, Options{HookTimeout: 50 * time.Millisecond, Topics: func(r *http.Request) func(string) bool {
		<-r.Context().Done()
		close(ended)
		return nil
	}})
	if refused := s.dial("").closed(); refused.Code != wire.CloseTryLater {
		t.Errorf("closed with %v", refused)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the context of a slow hook does not end")
	}
}

func TestPanicInATopicsAnswerAllowsNothing(t *testing.T) {
	s := serve(t, Options{
		Topics: func(*http.Request) func(string) bool { return func(topic string) bool { return topic[1] == 'p' } },
	}).ready()
	p := s.knowing("")
	s.publish("x", 1, 1) // too short for the hook
	s.publish("cpu", 2, 2)
	p.readEvents(1)
	p.expect(2, 2)
}

func TestMessagesReachTheHook(t *testing.T) {
	got := make(chan string, 10)
	s := serve(t, Options{
		Authorize: func(*http.Request) (*Grant, error) { return &Grant{User: "ann", Data: 7}, nil },
		OnMessage: func(c Client, data []byte) { got <- fmt.Sprintf("%s %s %v %s", c.ID, c.User, c.Data, data) },
	}).ready()
	p := s.knowing("", "client=tab-1")
	for i := range 5 {
		p.send(fmt.Sprintf(`{"n":%d}`, i))
	}
	p.send(`{"wakesocket":"unknown"}`)
	for i := range 5 {
		if message := <-got; message != fmt.Sprintf(`tab-1 ann 7 {"n":%d}`, i) {
			t.Fatal(message)
		}
	}
	if message := <-got; message != `tab-1 ann 7 {"wakesocket":"unknown"}` {
		t.Fatal(message)
	}
}

func TestPanicInOnMessageCostsOneClient(t *testing.T) {
	s := serve(t, Options{OnMessage: func(Client, []byte) { panic("bug") }}).ready()
	p, other := s.knowing(""), s.knowing("")
	p.send(`{}`)
	if ce := p.closed(); ce.Code != internalError {
		t.Fatalf("%+v", ce)
	}
	s.publish("cpu", 1, 1)
	other.readEvents(1)
	if line := s.dropped(); line["cause"] != causePanic {
		t.Fatalf("%v", line)
	}
}

// While OnMessage is busy the client's pings are answered; when it does not return
// the client goes, and gives its place back.
func TestOnMessageThatBlocks(t *testing.T) {
	t.Parallel()
	called, release := make(chan struct{}, 100), make(chan struct{})
	defer close(release)
	s := serve(t, Options{HookTimeout: 300 * time.Millisecond, OnMessage: func(Client, []byte) {
		called <- struct{}{}
		<-release
	}}).ready()
	p := s.knowing("", "client=tab-1")
	p.send(`{}`)
	<-called
	p.send("ping")
	p.readUntil("pong", func() bool { return p.pongs == 1 })
	go func() { // more than the inbox holds: the reader waits as well
		for range 3 * inboxSize {
			if p.conn.Write(context.Background(), websocket.MessageText, []byte(`{}`)) != nil {
				return
			}
		}
	}()
	if ce := p.closed(); ce.Code != wire.CloseAbnormal {
		t.Fatalf("%+v", ce)
	}
	if line := s.dropped(); line["cause"] != causeHook || line["client"] != "tab-1" {
		t.Fatalf("%v", line)
	}
	until(t, "its place is free", func() bool { return places(s.Feed) == 0 })
	if len(s.log.with("hook does not return; it must be quick")) == 0 {
		t.Fatalf("%s", s.log)
	}
}

// places is how many places for connections are taken.
func places(f *Feed) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reserved
}
