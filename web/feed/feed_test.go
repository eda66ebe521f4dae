package feed

import (
	"testing"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

func TestFreshClientStartsAtTheTop(t *testing.T) {
	s := serve(t, Options{}).ready()
	ids := s.publish("cpu", 1, 3)
	s.settle(ids[2])
	p := s.knowing("")
	if p.hello.Resumed || p.hello.Gap != nil || !p.hello.Live || p.hello.Position != ids[2] || p.hello.Heartbeat != 25000 {
		t.Fatalf("hello %+v", p.hello)
	}
	s.publish("cpu", 4, 6)
	p.readEvents(3)
	p.expect(4, 6)
	if p.events[0].Topic != "cpu" || p.events[0].ID == "" {
		t.Fatalf("event %+v", p.events[0])
	}
}

func TestResumeIsExact(t *testing.T) {
	s := serve(t, Options{}).ready()
	ids := s.publish("cpu", 1, 600)
	s.settle(ids[599])
	p := s.knowing(ids[99])
	if !p.hello.Resumed || p.hello.Live || p.hello.Position != ids[99] {
		t.Fatalf("hello %+v", p.hello)
	}
	p.readUntil("it is live", func() bool { return len(p.positions) > 0 })
	p.expect(101, 600)
	if p.arrays < 2 || p.arrays > 5 || !p.positions[0].Live || p.positions[0].Position != ids[599] {
		t.Fatalf("%d arrays, at %+v", p.arrays, p.positions)
	}
	caughtUp := s.knowing(ids[599])
	if !caughtUp.hello.Resumed || !caughtUp.hello.Live || caughtUp.hello.Position != ids[599] {
		t.Fatalf("hello %+v", caughtUp.hello)
	}
	s.publish("cpu", 601, 601)
	caughtUp.readEvents(1)
	caughtUp.expect(601, 601)
}

func TestPlainClientGetsThePlainProtocol(t *testing.T) {
	s := serve(t, Options{}).ready()
	ids := s.publish("cpu", 1, 50)
	s.settle(ids[49])
	p := s.dial("after=" + ids[9])
	p.readEvents(40)
	p.expect(11, 50)
	p.send("ping")
	p.readUntil("pong", func() bool { return p.pongs == 1 })
	s.publish("cpu", 51, 51)
	p.readEvents(41)
	if p.arrays > 0 || p.hello != nil || len(p.positions) > 0 || p.frames != 42 {
		t.Fatalf("%d frames, arrays %d, hello %v, at %v", p.frames, p.arrays, p.hello, p.positions)
	}
}

func TestGapThenEverythingThatIsLeft(t *testing.T) {
	for _, kept := range []int{4, 10_000} { // in the ring only, and in the store too
		s := serve(t, Options{Store: memory.New(memory.Options{Events: 100}), Ring: kept}).ready()
		ids := s.publish("cpu", 1, 150)
		s.settle(ids[149])
		epoch, _, _ := cutID(ids[0])
		for after, reason := range map[string]string{
			ids[9]:              wire.GapTrimmed,
			epoch + "-999":      wire.GapFuture,
			"0123456789ab-3":    wire.GapEpoch,
			"nonsense":          wire.GapInvalid,
			epoch + "-007":      wire.GapInvalid,
			epoch + "-10-1":     wire.GapTrimmed,
			"18446744073709551": wire.GapInvalid,
		} {
			p := s.knowing(after)
			gap := p.hello.Gap
			if p.hello.Resumed || gap == nil || gap.Reason != reason && reason != wire.GapTrimmed || gap.After != after || gap.Earliest != ids[50] || p.hello.Position != ids[49] {
				t.Fatalf("after %s: hello %+v, gap %+v", after, p.hello, gap)
			}
			p.readUntil("it is live", func() bool { return len(p.positions) > 0 })
			p.expect(51, 150)
		}
		edge := s.knowing(ids[49])
		if !edge.hello.Resumed {
			t.Fatalf("after the last trimmed id: %+v", edge.hello)
		}
		edge.readEvents(100)
		edge.expect(51, 150)
	}
}

func TestTopics(t *testing.T) {
	s := serve(t, Options{Ring: 8}).ready()
	p := s.knowing("", "topic=cpu", "topic=disk")
	s.publish("cpu", 1, 1)
	s.publish("mem", 2, 20)
	ids := s.publish("mem", 21, 40)
	p.readEvents(1)
	s.settle(ids[19])
	ping := func() {
		p.send("ping")
		pongs := p.pongs
		p.readUntil("pong", func() bool { return p.pongs > pongs })
	}
	told := func() wire.Position {
		if len(p.positions) == 0 {
			return wire.Position{}
		}
		return p.positions[len(p.positions)-1]
	}
	// The first pongs may find the client's cursor on its way through what it skips.
	for range 1000 {
		if told().Position == ids[19] {
			break
		}
		ping()
	}
	if told().Position != ids[19] || !told().Live || len(p.events) != 1 {
		t.Fatalf("%+v, %d events", p.positions, len(p.events))
	}
	p.send(`{"wakesocket":"topics","topics":["mem"]}`)
	ping()
	s.publish("cpu", 41, 41)
	s.publish("mem", 42, 42)
	p.readEvents(2)
	if string(p.events[1].Data) != "42" {
		t.Fatalf("%+v", p.events)
	}
	p.send(`{"wakesocket":"topics","topics":[]}`)
	ping()
	s.publish("disk", 43, 43)
	p.readEvents(3)
}

func cutID(text string) (epoch, rest string, ok bool) {
	for i := range len(text) {
		if text[i] == '-' {
			return text[:i], text[i+1:], true
		}
	}
	return text, "", false
}
