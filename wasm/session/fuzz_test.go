package session

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"
)

// tape reads values from fuzzed bytes; after its end everything is zero.
type tape []byte

func (t *tape) byte() byte {
	if len(*t) == 0 {
		return 0
	}
	b := (*t)[0]
	*t = (*t)[1:]
	return b
}

func (t *tape) bool() bool { return t.byte()&1 != 0 }

func (t *tape) int64() int64 {
	var b [8]byte
	for i := range b {
		b[i] = t.byte()
	}
	return int64(binary.LittleEndian.Uint64(b[:]))
}

// duration is most often short, sometimes absurd; at most about 36 years.
func (t *tape) duration() time.Duration {
	switch b := t.byte(); b % 5 {
	case 0:
		return time.Duration(b) * time.Millisecond
	case 1:
		return time.Duration(b) * time.Second
	case 2:
		return time.Duration(b) * time.Hour
	case 3:
		return 0
	}
	return time.Duration(t.int64() >> 3)
}

// input is any of them, about a socket that may be the current one.
func (t *tape) input(gen int) Input {
	op, gen := t.byte(), gen-int(t.byte()%4)+1
	switch op % 17 {
	case 0, 1:
		return Tick{}
	case 2:
		return Start{}
	case 3:
		return Stop{}
	case 4:
		return Reconnect{}
	case 5:
		return URLReady{gen}
	case 6:
		return URLFailed{Generation: gen, Reason: "no"}
	case 7:
		return Opened{gen}
	case 8:
		codes := []int{1000, 1001, 1006, 1008, 1011, 1012, 1013, 4000, 4401, 4403, 4429, 0}
		return Closed{Generation: gen, Code: codes[int(t.byte())%len(codes)], Reason: "why"}
	case 9:
		in := Hello{Generation: gen, Resumed: t.bool(), Position: fmt.Sprint("e-", t.byte()), Live: t.bool(), Heartbeat: t.duration(), FirstRetryWindow: t.duration()}
		if t.bool() {
			in.Gap = &Gap{"e-1", "e-5", "trimmed"}
		}
		return in
	case 10:
		return Position{gen, fmt.Sprint("e-", t.byte()), t.bool()}
	case 11:
		ids := make([]string, 1+t.byte()%3)
		for i := range ids {
			ids[i] = fmt.Sprint("e-", t.byte())
		}
		ids[0] = ids[0][:2*int(t.byte()&1)] // "" or "e-"
		return Events{Generation: gen, IDs: ids}
	case 12:
		return Pong{gen}
	case 13:
		return Frame{gen}
	case 14:
		return Visible{t.bool()}
	case 15:
		return Online{t.bool()}
	}
	switch t.byte() % 4 {
	case 1:
		return Network{}
	case 3:
		return Expiring{gen, t.duration()}
	}
	return Wake{}
}

// FuzzInputs hands in anything in any order at any time: sockets that open twice,
// frames before the handshake, clocks that jump. Nothing may panic or spin, and the
// effects must stay possible to carry out.
func FuzzInputs(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{2, 1, 3, 3, 5, 1, 0, 3, 7, 1, 25, 0, 9, 1, 0, 0, 1, 0, 1, 1})                       // up to live
	f.Add([]byte{2, 1, 3, 3, 5, 1, 0, 3, 7, 1, 25, 0, 9, 1, 0, 0, 1, 0, 1, 1, 8, 1, 6, 3, 16, 1, 2}) // and closed
	f.Add([]byte{2, 1, 3, 3, 8, 1, 8, 3, 3, 3, 8, 1, 8, 3})                                          // 4401 twice
	f.Fuzz(func(t *testing.T, data []byte) {
		in := tape(data)
		opt := Defaults()
		opt.Visible, opt.Online = in.bool(), in.bool()
		if in.bool() {
			opt.Heartbeat = 0
		}
		random := in.byte()
		s, err := New(opt, func() float64 { return float64(random) / 256 })
		if err != nil {
			t.Fatal(err)
		}
		now, gen := Instant{Wall: wallStart}, 0
		held := map[int]bool{}
		for len(in) > 0 {
			step := in.duration() & (1<<50 - 1)
			now.Mono += step
			now.Wall += step
			if in.byte() == 0 {
				now.Wall += in.duration() >> 4
			}
			what := in.input(gen)
			var told Closed
			if end, is := what.(Closed); is {
				told = end
				delete(held, end.Generation)
			}
			for _, e := range s.Handle(now, what) {
				switch e := e.(type) {
				case Dial:
					if e.Generation <= gen || len(held) > 1 {
						t.Fatalf("dial %d after %d beside %v", e.Generation, gen, held)
					}
					gen, held[e.Generation] = e.Generation, true
				case Abandon:
					if !held[e.Generation] && told.Generation != e.Generation {
						t.Fatalf("abandon of %d, held are %v", e.Generation, held)
					}
					delete(held, e.Generation)
				case Ping:
					if !held[e.Generation] && told.Generation != e.Generation {
						t.Fatalf("ping on %d, held are %v", e.Generation, held)
					}
				case Deliver:
					if n := len(what.(Events).IDs); len(e.Mask) != n {
						t.Fatalf("a mask of %d for %d events", len(e.Mask), n)
					}
				case State:
					if e.Generation != 0 && !held[e.Generation] {
						t.Fatalf("%d delivers, held are %v", e.Generation, held)
					}
				}
			}
			inspect(t, s, now, held)
		}
	})
}

// inspect looks inside after a step.
func inspect(t *testing.T, s *Session, now Instant, held map[int]bool) {
	for _, k := range []*socket{s.live, s.dial} {
		if k == nil {
			continue
		}
		if !held[k.generation] {
			t.Fatalf("the session holds %d, the driver %v", k.generation, held)
		}
		if len(k.pings) > maxPings {
			t.Fatalf("%d pings are remembered", len(k.pings))
		}
	}
	if len(s.stream.recent.known) > recentSize || len(s.stream.recent.order) > recentSize {
		t.Fatalf("%d ids are known, %d in order", len(s.stream.recent.known), len(s.stream.recent.order))
	}
	at, ok := s.Deadline()
	if ok && at <= now.Mono {
		t.Fatalf("the deadline %v is not after %v: the driver would spin", at, now.Mono)
	}
	if !s.running && (ok || len(held) > 0) {
		t.Fatalf("stopped, and still a deadline (%v) or sockets %v", ok, held)
	}
	if s.running && s.live == nil && s.dial == nil && !ok {
		t.Fatal("nothing is under way and nothing is planned")
	}
}

// FuzzOptions: options that validate accepts must make a session that works, and
// the others must be refused by a sentence that names the option.
func FuzzOptions(f *testing.F) {
	d := Defaults()
	f.Add(int64(d.Heartbeat), int64(d.HeartbeatTimeout), int64(d.VisibleHeartbeat), int64(d.ChallengeAfter), int64(d.MinReconnectDelay), int64(d.MaxReconnectDelay), int64(d.MinUptime), int64(d.ConnectTimeout), int64(d.FirstRetryWindow))
	f.Add(int64(0), int64(minOption), int64(minOption), int64(minOption), int64(minOption), int64(minOption), int64(0), int64(minOption), int64(0))
	f.Add(int64(maxOption), int64(maxOption), int64(maxOption), int64(maxOption), int64(maxOption), int64(maxOption), int64(maxOption), int64(maxOption), int64(maxOption))
	f.Add(int64(-1), int64(1<<62), int64(-1<<63), int64(0), int64(0), int64(0), int64(0), int64(0), int64(0))
	f.Fuzz(func(t *testing.T, heartbeat, timeout, visible, challenge, base, limit, uptime, dial, window int64) {
		s, err := New(Options{
			Heartbeat: time.Duration(heartbeat), HeartbeatTimeout: time.Duration(timeout), VisibleHeartbeat: time.Duration(visible), ChallengeAfter: time.Duration(challenge),
			MinReconnectDelay: time.Duration(base), MaxReconnectDelay: time.Duration(limit), MinUptime: time.Duration(uptime), ConnectTimeout: time.Duration(dial),
			FirstRetryWindow: time.Duration(window), Visible: true, Online: true,
		}, func() float64 { return 0.999 })
		if err != nil {
			if len(err.Error()) < 20 || err.Error()[:7] != "option " {
				t.Fatalf("an unclear error: %v", err)
			}
			return
		}
		now, gen := Instant{Wall: wallStart}, 0
		held := map[int]bool{}
		handle := func(in Input) {
			for _, e := range s.Handle(now, in) {
				switch e := e.(type) {
				case Dial:
					gen, held[e.Generation] = e.Generation, true
				case Abandon:
					delete(held, e.Generation)
				}
			}
			inspect(t, s, now, held)
		}
		handle(Start{})
		for i := range 60 {
			switch {
			case i%15 == 3:
				handle(URLReady{gen})
				handle(Opened{gen})
				handle(Pong{gen})
			case i%15 == 12 && held[gen]:
				delete(held, gen)
				handle(Closed{Generation: gen, Code: 1006, Reason: ""})
			}
			at, ok := s.Deadline()
			if !ok {
				return // without a heartbeat, hidden or not, there may be nothing to wait for
			}
			now.Wall += at - now.Mono
			now.Mono = at
			handle(Tick{})
		}
	})
}
