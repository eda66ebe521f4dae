package feed

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// gated is a log whose follower is held up.
type gated struct {
	*memory.Store
	pass chan struct{} // one for each append that may pass; closed for all
}

type gatedSink struct {
	store.Sink
	pass chan struct{}
}

func (g *gated) Follow(ctx context.Context, from store.ID, sink store.Sink) error {
	return g.Store.Follow(ctx, from, gatedSink{sink, g.pass})
}

func (s gatedSink) Append(events []store.Event) {
	if len(events) > 0 {
		<-s.pass
	}
	s.Sink.Append(events)
}

// A client can come from a process that was further in the log than this one. It is
// served from the log until the ring has got there, and then from the ring.
func TestClientIsFurtherThanTheRing(t *testing.T) {
	log := &gated{memory.New(memory.Options{}), make(chan struct{})}
	s := serve(t, Options{Store: log}).ready()
	ids := s.publish("cpu", 1, 5)
	rare, all := s.knowing(ids[2], "topic=rare"), s.knowing(ids[2])
	if !all.hello.Resumed || all.hello.Gap != nil || all.hello.Position != ids[2] {
		t.Fatalf("%+v", all.hello)
	}
	all.readEvents(2)
	all.readUntil("it is live", func() bool { return len(all.positions) > 0 })
	all.expect(4, 5)
	for range 3 { // it waits for the ring once, whatever wakes it
		pongs := all.pongs
		all.send("ping")
		all.readUntil("pong", func() bool { return all.pongs > pongs })
	}
	s.wanting.lagMu.Lock()
	if n := len(s.wanting.lagging); n > 2 {
		t.Errorf("two clients wait %d times", n)
	}
	s.wanting.lagMu.Unlock()
	more := s.publish("rare", 6, 6)
	close(log.pass)
	all.readEvents(3)
	all.expect(4, 6)
	rare.readEvents(1)
	rare.expect(6, 6)
	s.settle(more[0])
	s.publish("rare", 7, 7)
	rare.readEvents(2)
	rare.expect(6, 7)
	all.readEvents(4)
	all.expect(4, 7)
}

// A client that reads pages when the log fails is sent away, to resume elsewhere.
func TestLogFailsInAReplay(t *testing.T) {
	log, seen := newBroken(), &noted{}
	s := serve(t, Options{Store: log, Ring: 2, Observer: seen}).ready()
	fill := []byte(`"` + strings.Repeat("x", 200<<10) + `"`)
	first, err := s.Publish(context.Background(), "cpu", fill)
	for range 200 {
		if _, err := s.Publish(context.Background(), "cpu", fill); err != nil {
			t.Fatal(err)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	p := s.knowing(first) // and it does not read on
	s.stuck(1)
	s.pager.forget()
	log.down.Store(true)
	if ce := p.closed(); ce.Code != wire.CloseTryLater || !hasAdvice(ce) {
		t.Fatalf("%+v", ce)
	}
	if line := s.dropped(); line["cause"] != causeStore || seen.failures(operationAfter) != 1 {
		t.Errorf("%v, %d failures", line, seen.failures(operationAfter))
	}
}

// A Topics hook that blocks holds up nobody else, and costs its own client only.
func TestTopicsHookThatBlocks(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	defer close(release)
	s := serve(t, Options{
		HookTimeout: 500 * time.Millisecond, WriteTimeout: time.Second,
		Topics: func(r *http.Request) func(string) bool {
			if r.URL.Query().Get("client") != "blocked" {
				return nil
			}
			return func(string) bool { <-release; return true }
		},
	}).ready()
	s.knowing("", "client=blocked")
	other := s.knowing("")
	for n := range 40 {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		if _, err := s.Publish(ctx, fmt.Sprintf("t%d", n%3), []byte("1")); err != nil {
			t.Fatal(err)
		}
		cancel()
	}
	other.readEvents(40)
	if line := s.dropped(); line["client"] != "blocked" || line["cause"] != causeHook {
		t.Errorf("%v", line)
	}
	if n := s.Connected(); n != 1 {
		t.Errorf("%d clients are left", n)
	}
}

// The hook is asked once for a topic, also when the client changes its topics, and
// not for topics that it did not ask for.
func TestTopicsHookIsAskedOnce(t *testing.T) {
	var asked atomic.Int64
	s := serve(t, Options{Topics: func(*http.Request) func(string) bool {
		return func(topic string) bool {
			asked.Add(1)
			return topic != "secret"
		}
	}}).ready()
	p := s.knowing("", "topic=cpu", "topic=secret")
	s.publish("secret", 1, 3)
	s.publish("other", 4, 4)
	s.publish("cpu", 5, 6)
	p.readEvents(2)
	p.send(`{"wakesocket":"topics","topics":["secret","cpu"]}`)
	p.send("ping")
	p.readUntil("pong", func() bool { return p.pongs > 0 })
	s.publish("secret", 7, 7)
	s.publish("cpu", 8, 8)
	p.readEvents(3)
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times about 2 topics", n)
	}
	for _, c := range s.snapshot() {
		if c.hook.Load() != 0 {
			t.Error("the hook counts as running though it has returned")
		}
	}
}

func TestAnswersAreBounded(t *testing.T) {
	f := newFilter(nil, &access{hook: func(string) bool { return true }})
	for n := range 3 * answersMax {
		topic := fmt.Sprint(n)
		f.answered(topic, n%2 == 0)
		if allowed, known := f.allows(topic); !known || allowed != (n%2 == 0) || len(f.answers) > answersMax {
			t.Fatalf("%d: %v %v, %d answers", n, allowed, known, len(f.answers))
		}
	}
	if len(f.answers) != answersMax {
		t.Errorf("%d answers are kept", len(f.answers))
	}
}
