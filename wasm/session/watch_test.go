package session

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestDue(t *testing.T) {
	type due struct {
		at, every time.Duration
		ok        bool
	}
	ask := func(s *Session) (d due) {
		d.at, d.every, d.ok = s.Due()
		return d
	}
	w := newWorld(t, nil)
	if got := ask(w.s); got != (due{never, 0, false}) {
		t.Errorf("before the start: %+v", got)
	}
	w.live()
	ping := due{w.s.nextPing(w.s.live), watchEvery, true}
	if got := ask(w.s); got != ping || ping.at < w.now.Mono+time.Second {
		t.Errorf("live and visible: %+v, want the next ping %+v", got, ping)
	}
	if at, ok := w.s.Deadline(); at != w.now.Mono+watchEvery || !ok {
		t.Errorf("the deadline is %v, %v, want that of the next look", at, ok)
	}
	w.do(Visible{On: false})
	if at, every, ok := w.s.Due(); at <= w.now.Mono || every != 0 || !ok {
		t.Errorf("hidden: %v, %v, %v", at, every, ok)
	}
	w.do(Visible{On: true}, Away{})
	if got := ask(w.s); got != (due{never, 0, false}) {
		t.Errorf("away: %+v", got)
	}
	if _, ok := w.s.Deadline(); ok {
		t.Error("away: there is a deadline")
	}
}

// A page that looks at its clocks itself hands in no ticks for it. Then the next
// input is no sleep.
func TestLooked(t *testing.T) {
	for name, c := range map[string]struct {
		looked bool
		state  StateName
	}{
		"with the last look":   {true, Live},
		"without it: no ticks": {false, Checking},
	} {
		w := newWorld(t, nil).live()
		w.pass(4 * time.Second)
		if c.looked {
			if effects := w.s.Handle(w.now, Looked{}); len(effects) > 0 {
				t.Errorf("%s: a look does %v", name, effects)
			}
			if at, _ := w.s.Deadline(); at != w.now.Mono+watchEvery {
				t.Errorf("%s: the deadline is %v at %v", name, at, w.now.Mono)
			}
		}
		w.pass(time.Second)
		w.do(Tick{})
		if got := w.s.shown.Name; got != c.state {
			t.Errorf("%s: %s, want %s", name, got, c.state)
		}
	}
}

// Two sessions live through the same random hours. One gets each tick, the other the
// last look before each input: both do the same.
func TestLooksStandForTicks(t *testing.T) {
	looks := 0
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		number := func() float64 { return 0.5 }
		opt := Defaults()
		opt.Visible, opt.Online = true, true
		ticked, err := New(opt, number)
		if err != nil {
			t.Fatal(err)
		}
		looking, _ := New(opt, number)
		now, gen := Instant{Wall: wallStart}, 0
		both := func(in Input) {
			want := slices.Clone(ticked.Handle(now, in))
			if got := looking.Handle(now, in); !slices.EqualFunc(got, want, func(a, b Effect) bool { return describe(a, 0) == describe(b, 0) }) {
				t.Fatalf("seed %d, %v: %T: %v, want %v", seed, now.Mono, in, got, want)
			}
			for _, e := range want {
				if dial, is := e.(Dial); is {
					gen = dial.Generation
				}
			}
		}
		both(Start{})
		for range 60 {
			// Time passes, a look or tick at a time.
			end, look := now.Mono+time.Duration(random.Int64N(int64(4*time.Second))), Instant{}
			for {
				at, ok := ticked.Deadline()
				if !ok || at > end {
					break
				}
				now.Wall += at - now.Mono
				now.Mono = at
				if due, _, any := looking.Due(); any && at >= due {
					if look != (Instant{}) {
						looking.Handle(look, Looked{})
					}
					look = Instant{}
					both(Tick{})
					continue
				}
				if effects := ticked.Handle(now, Tick{}); len(effects) > 0 {
					t.Fatalf("seed %d, %v: a tick without anything due does %v", seed, now.Mono, effects)
				}
				look = now
				looks++
			}
			now.Wall += end - now.Mono
			now.Mono = end
			if look != (Instant{}) {
				looking.Handle(look, Looked{})
			}
			if random.IntN(20) == 0 {
				slept := time.Duration(random.Int64N(int64(2 * time.Minute)))
				now.Wall += slept
				if random.IntN(2) == 0 {
					now.Mono += slept
				}
			}
			both([]Input{
				Tick{}, Wake{}, Pong{gen}, Frame{gen}, URLReady{gen}, Opened{gen}, Events{Generation: gen, IDs: []string{"e-1"}},
				Hello{Generation: gen, Resumed: true, Position: "e-1", Live: true}, Visible{random.IntN(2) == 0}, Online{random.IntN(4) > 0},
				Closed{Generation: gen, Code: 1006},
			}[random.IntN(11)])
		}
	}
	if looks < 1000 {
		t.Errorf("only %d looks", looks)
	}
}
