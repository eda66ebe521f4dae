package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// Each connection checks topics anew, on replayed events as on live ones.
func TestTopicsAllowed(t *testing.T) {
	s := serve(t, Options{Topics: func(r *http.Request) func(string) bool {
		user := r.FormValue("user")
		return func(topic string) bool { return topic == "public" || topic == user }
	}}).ready()
	first := s.publish("public", 1, 1)
	s.publish("ann", 2, 2)
	s.publish("bob", 3, 3)
	ids := s.publish("public", 4, 4)
	s.settle(ids[0])
	p := s.knowing(first[0], "user=ann", "topic=public", "topic=ann", "topic=bob")
	p.readEvents(2)
	s.publish("bob", 5, 5)
	s.publish("ann", 6, 6)
	p.readEvents(3)
	p.send(`{"wakesocket":"topics","topics":["bob"]}`)
	p.send("ping")
	p.readUntil("pong", func() bool { return p.pongs == 1 })
	s.publish("bob", 7, 7)
	p.send(`{"wakesocket":"topics","topics":[]}`)
	p.send("ping")
	p.readUntil("pong", func() bool { return p.pongs == 2 })
	s.publish("public", 8, 8)
	p.readEvents(4)
	var got []string
	for _, e := range p.events {
		got = append(got, string(e.Data))
	}
	if fmt.Sprint(got) != "[2 4 6 8]" {
		t.Fatalf("%v", got)
	}
}

func TestLimits(t *testing.T) {
	s := serve(t, Options{MaxClients: 3, MaxPerAddress: 2, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}).ready()
	from := func(forwarded string) *peer {
		return s.dialWith("wakesocket=1", http.Header{"X-Forwarded-For": {forwarded}})
	}
	from("10.0.0.1").read()
	second := from("8.8.8.8, 10.0.0.1")
	second.read()
	if ce := from("10.0.0.1").closed(); ce.Code != wire.CloseTooMany || !hasAdvice(ce) {
		t.Fatalf("%+v", ce)
	}
	from("10.0.0.2").read()
	if ce := from("10.0.0.3").closed(); ce.Code != wire.CloseTryLater || !hasAdvice(ce) {
		t.Fatalf("%+v", ce)
	}
	second.conn.Close(1000, "")
	until(t, "a place is free", func() bool { return len(s.snapshot()) == 2 })
	from("10.0.0.1").read()
}

func hasAdvice(ce websocket.CloseError) bool {
	_, ok := wire.ParseAdvice(ce.Reason)
	return ok
}

func TestAcceptRate(t *testing.T) {
	s := serve(t, Options{AcceptRate: 5}).ready()
	let, sent := 0, 0
	for range 20 {
		p := s.dial("wakesocket=1")
		if p.tryRead() == nil {
			let++
		} else if ce := p.closed(); ce.Code == websocket.StatusTryAgainLater || ce.Code == wire.CloseAbnormal {
			sent++
		}
	}
	if let < 5 || let > 15 || let+sent != 20 {
		t.Fatalf("%d let in, %d sent away", let, sent)
	}
	if n := len(s.snapshot()); n != let {
		t.Fatalf("%d connected, %d let in", n, let)
	}
	if spread := s.spread(); spread != time.Duration(let)*time.Second/5 {
		t.Fatalf("spread %v for %d clients", spread, let)
	}
}

func TestDrain(t *testing.T) {
	s := serve(t, Options{}).ready()
	var peers []*peer
	for range 20 {
		peers = append(peers, s.knowing(""))
	}
	codes := make(chan websocket.CloseError, len(peers))
	for _, p := range peers {
		go func() { codes <- p.closed() }()
	}
	begin := time.Now()
	drained := make(chan error, 1)
	go func() { drained <- s.Drain(context.Background(), 400*time.Millisecond) }()
	for range peers {
		if ce := <-codes; ce.Code != wire.CloseRestart || !hasAdvice(ce) {
			t.Fatalf("%+v", ce)
		}
	}
	if took := time.Since(begin); took < 300*time.Millisecond {
		t.Fatalf("all were closed within %v", took)
	}
	if err := <-drained; err != nil {
		t.Fatal(err)
	}
	if ce := s.dial("").closed(); ce.Code != wire.CloseRestart || !hasAdvice(ce) {
		t.Fatalf("a newcomer: %+v", ce)
	}
}

func TestDrainEndsWithItsContext(t *testing.T) {
	s := serve(t, Options{}).ready()
	s.knowing("")
	s.knowing("")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Drain(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestPublishRefuses(t *testing.T) {
	s := serve(t, Options{MaxEvent: 100})
	for name, test := range map[string]struct {
		topic, data string
		want        error
	}{
		"largest":   {"cpu", `"` + strings.Repeat("x", 98) + `"`, nil},
		"too large": {"cpu", `"` + strings.Repeat("x", 99) + `"`, ErrTooLarge},
		"not JSON":  {"cpu", `{"a":`, ErrInvalidEvent},
		"empty":     {"cpu", ``, ErrInvalidEvent},
		"two":       {"cpu", `1 2`, ErrInvalidEvent},
		"bad UTF-8": {"cpu", "\"\xff\"", ErrInvalidEvent},
		"no topic":  {"", `1`, ErrInvalidTopic},
		"control":   {"a\nb", `1`, ErrInvalidTopic},
		"not UTF-8": {"a\xff", `1`, ErrInvalidTopic},
		"long":      {strings.Repeat("x", 129), `1`, ErrInvalidTopic},
		"a pattern": {"price.*", `1`, ErrInvalidTopic},
	} {
		if _, err := s.Publish(context.Background(), test.topic, []byte(test.data)); !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.Close()
	if id, err := s.Publish(context.Background(), "cpu", []byte("1")); !errors.Is(err, ErrClosed) || id != "" {
		t.Errorf("after Close: %q, %v", id, err)
	}
}

func TestLogCannotBeForged(t *testing.T) {
	var b lines
	s := serve(t, Options{Logger: slog.New(slog.NewTextHandler(&b, nil))}).ready()
	s.knowing("", "client=a%0Alevel%3DERROR+msg%3Dforged").conn.CloseNow()
	s.empty()
	until(t, "the drop is logged", func() bool { return strings.Contains(b.String(), "client dropped") })
	if text := b.String(); strings.Contains(text, "\nlevel=ERROR") || strings.Count(text, "\n") != 1 {
		t.Fatalf("%s", text)
	}
}

// The first event after a gap is one that clients get.
func TestGapBeforeForeignEvents(t *testing.T) {
	for name, test := range map[string]struct {
		ring   int
		events []string
		first  int // the event that is named, or -1
	}{
		"in the ring":             {100, []string{`{"a":`, ``, `1`, `2`}, 2},
		"in the log":              {2, []string{`{"a":`, ``, `1`, `2`, `3`}, 2},
		"no event, in the ring":   {100, []string{`{"a":`, ``}, -1},
		"no event, in the log":    {2, []string{`{"a":`, ``, ``, ``}, -1},
		"only events, in the log": {2, []string{`1`, `2`, `3`}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			log := memory.New(memory.Options{})
			s := serve(t, Options{Store: log, Ring: test.ring}).ready()
			var ids []string
			for _, data := range test.events {
				id, err := log.Publish(context.Background(), "a", []byte(data))
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, id.String())
			}
			s.settle(ids[len(ids)-1])
			want := ""
			if test.first >= 0 {
				want = ids[test.first]
			}
			if p := s.knowing("0123456789ab-3"); p.hello.Gap == nil || p.hello.Gap.Earliest != want {
				t.Errorf("%+v, want %q", p.hello.Gap, want)
			}
		})
	}
}

// Events that other programs wrote keep their place, and cannot break a frame.
func TestForeignEventsCannotBreakFrames(t *testing.T) {
	log := memory.New(memory.Options{})
	s := serve(t, Options{Store: log}).ready()
	p := s.knowing("")
	for _, data := range []string{`1`, `{"a":`, "\"\xff\"", `1}{"id":"x"`, ``, `2`} {
		if _, err := log.Publish(context.Background(), "a\"b", []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	p.readEvents(2)
	p.expect(1, 2)
	if p.events[0].Topic != `a"b` {
		t.Fatalf("%+v", p.events)
	}
	if back := s.knowing(p.events[0].ID); !back.hello.Resumed {
		t.Fatalf("%+v", back.hello)
	}
}
