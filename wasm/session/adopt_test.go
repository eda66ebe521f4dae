package session

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// adopted is a session that took over 20 s after the page began.
func adopted(t *testing.T, facts Adopt) *world {
	t.Helper()
	w := newWorld(t, nil)
	w.now.Mono += 20 * time.Second
	w.now.Wall += 20 * time.Second
	w.do(facts)
	return w
}

// opened are the facts of a live socket of generation 3, the feed of which said
// hello; its last frame came a second ago.
func openedFacts() Adopt {
	return Adopt{
		Cursor: "e-7", Generation: 3, Phase: "open", DialedAfter: "e-2", DialedAt: 10 * time.Second, Entered: 11 * time.Second,
		Spoke: true, Greeted: true, CaughtUp: true,
		LastFrame: 19 * time.Second, LastFrameWall: wallStart + 19*time.Second,
		Heartbeat: 25 * time.Second, IDs: []string{"e-6", "e-7"}, Contents: []string{"", ""}, Times: []time.Duration{9 * time.Second, 19 * time.Second},
		State: Live, Since: wallStart + 12*time.Second, WasLive: true, Ascending: surelyAscending,
	}
}

// Nothing is done at once. Half a second later, when the page has settled, a ping
// measures the round trip.
func TestAdoptOpenSocket(t *testing.T) {
	w := adopted(t, openedFacts())
	w.want()
	if w.s.Cursor() != "e-7" {
		t.Errorf("the cursor is %q", w.s.Cursor())
	}
	w.do(Events{Generation: 3, IDs: []string{"e-7", "e-8"}})
	w.want("20s deliver 01")
	w.run(settleTime - ms)
	w.want()
	w.run(ms)
	w.want("20.5s ping 3")
	w.run(10 * ms)
	w.do(Pong{3})
	if w.s.rtt.smoothed != 10*ms {
		t.Errorf("a round trip of %v", w.s.rtt.smoothed)
	}
	w.log = nil
	// The next quiet time begins with the last frame.
	w.run(5*time.Second - ms)
	w.want()
	w.run(ms)
	w.want("25.51s ping 3")
	w.do(Pong{3})
	w.do(Closed{Generation: 3, Code: wire.CloseAbnormal})
	w.want("25.51s dial 4 after=e-8 previous=reset,14.51s,0s", "25.51s reconnecting: reset")
}

func TestAdoptAPhase(t *testing.T) {
	for _, tt := range []struct {
		name  string
		facts Adopt
		then  []Input
		want  []string
	}{
		{"the address is awaited", Adopt{Generation: 2, Phase: "resolving", DialedAt: 19 * time.Second, Entered: 19 * time.Second, State: Connecting},
			[]Input{URLReady{2}, Opened{2}}, []string{"20s ping 2"}},
		{"the handshake is under way", Adopt{Generation: 2, Phase: "dialing", DialedAt: 16 * time.Second, Entered: 16 * time.Second, State: Connecting},
			[]Input{Opened{2}, Pong{2}}, []string{"20s ping 2", "20s live"}},
		{"the handshake takes too long", Adopt{Generation: 2, Phase: "dialing", DialedAt: 15 * time.Second, Entered: 15 * time.Second, State: Connecting},
			nil, []string{"20s abandon 2 (1000 dial timed out)", "20s connecting attempt=1 retry in 500ms: the connection attempt was not answered"}},
		{"it took long before, so it has longer", Adopt{Generation: 2, Phase: "dialing", DialedAt: 15 * time.Second, Entered: 15 * time.Second, State: Connecting, Doublings: 1},
			nil, nil},
		{"open, and silent until now", Adopt{Generation: 2, Phase: "open", DialedAt: 19 * time.Second, Entered: 19 * time.Second, Pings: 1, State: Connecting},
			[]Input{Pong{2}}, []string{"20s live"}},
		{"lost, and waiting", Adopt{Generation: 2, State: Reconnecting, WasLive: true, RetryAt: 22 * time.Second, DialedAt: time.Second, PreviousCause: wire.CauseReset, PreviousUp: 3 * time.Second, PreviousAt: wallStart + 18*time.Second},
			[]Input{Wake{}}, []string{"20s reconnecting retry in 2s: reset", "20s dial 3 previous=reset,3s,2s", "20s reconnecting: reset"}},
		{"waiting as the server asked", Adopt{Generation: 2, State: Connecting, RetryAt: 22 * time.Second, ServerAdvice: true, Failures: 1, Reason: "busy"},
			[]Input{Wake{}}, []string{"20s connecting attempt=1 retry in 2s: busy"}},
		{"the wait is over", Adopt{Generation: 2, State: Connecting, RetryAt: 19 * time.Second, Failures: 2, FreshToken: true, Reason: "no connection"},
			nil, []string{"20s dial 3 fresh attempt=2", "20s connecting attempt=2: no connection"}},
		{"the page is away", Adopt{Generation: 2, State: Connecting, Away: true},
			[]Input{Tick{}, Wake{}}, []string{"20s connecting: wake", "20s dial 3", "20s connecting"}},
		{"failed for good", Adopt{Generation: 2, State: Failed, Failure: "refused"},
			[]Input{Wake{}, Tick{}, Reconnect{}}, []string{"20s dial 3", "20s connecting"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := adopted(t, tt.facts)
			w.do(tt.then...)
			w.want(tt.want...)
		})
	}
}

// A feed that was busy before the adoption is known to be: a silence is noticed as
// soon as in a session that has had all of its events.
func TestAdoptABusyFeed(t *testing.T) {
	const dialed = 19 * time.Second
	for _, tt := range []struct {
		name  string
		times []time.Duration
		quiet time.Duration // from the last event until it is asked
	}{
		{"often, but not so often", []time.Duration{11600 * ms, 12800 * ms, 14 * time.Second, 15200 * ms, 16400 * ms, 17600 * ms, 18800 * ms, 19500 * ms, 19500 * ms, 19900 * ms}, 0},
		{"five a second", []time.Duration{18500 * ms, 18700 * ms, 18900 * ms, 19100 * ms, 19300 * ms, 19500 * ms, 19700 * ms, 19900 * ms}, 1600 * ms},
		{"too few", []time.Duration{18700 * ms, 18900 * ms, 19100 * ms, 19300 * ms, 19500 * ms, 19700 * ms, 19900 * ms}, 0},
		{"one burst of many", []time.Duration{19900 * ms, 19900 * ms, 19900 * ms, 19900 * ms, 19900 * ms, 19900 * ms, 19900 * ms, 19900 * ms}, 0},
		{"before the dial", []time.Duration{9100 * ms, 9200 * ms, 9300 * ms, 9400 * ms, 9500 * ms, 9600 * ms, 9700 * ms, 19900 * ms}, 0},
		{"at the dial and after it", []time.Duration{dialed, 19100 * ms, 19200 * ms, 19300 * ms, 19500 * ms, 19700 * ms, 19800 * ms, 19900 * ms}, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			facts := openedFacts()
			if tt.times[0] == dialed {
				facts.DialedAt = dialed
			}
			facts.IDs, facts.Contents, facts.Times = nil, make([]string, len(tt.times)), tt.times
			for n := range tt.times {
				facts.IDs = append(facts.IDs, fmt.Sprint("e-", n+1))
			}
			last := tt.times[len(tt.times)-1]
			facts.Cursor, facts.LastFrame, facts.LastFrameWall = facts.IDs[len(facts.IDs)-1], last, wallStart+last
			w := adopted(t, facts)
			want := time.Duration(never)
			if tt.quiet > 0 {
				want = last + tt.quiet
			}
			if got := w.s.unusuallyQuietAt(w.s.live); got != want {
				t.Errorf("the silence is unusual at %v, want %v", got, want)
			}
		})
	}
}

func TestAdoptADoubt(t *testing.T) {
	facts := openedFacts()
	facts.Doubt, facts.State, facts.Pings = wire.CauseWake, Checking, 1
	w := adopted(t, facts)
	w.want("20s ping 3", "20s checking: wake")
	w.do(Pong{3}) // to the ping before the hand-over
	w.want()
	w.do(Pong{3})
	w.want("20s live")
}

// A socket that was asked before the adoption has no more time because of it.
func TestAdoptAQuestion(t *testing.T) {
	facts := openedFacts()
	facts.LastFrame, facts.LastFrameWall, facts.Pings, facts.AskedAt = 13*time.Second, wallStart+13*time.Second, 1, 19*time.Second
	t.Run("answered", func(t *testing.T) {
		w := adopted(t, facts)
		w.want("20s ping 3")
		w.run(999 * ms)
		w.do(Pong{3}, Pong{3})
		w.run(4 * time.Second)
		w.want()
	})
	t.Run("not answered", func(t *testing.T) {
		w := adopted(t, facts)
		w.forget()
		w.run(time.Second)
		w.want("21s dial 4 after=e-7 previous=silence,2s,8s", "21s checking: silence")
		w.run(8*time.Second - 1)
		if w.s.live.lost() {
			t.Error("lost before its time")
		}
		w.run(1)
		if !w.s.live.lost() {
			t.Error("not lost 10 s after the question")
		}
	})
}

// A hung dial is made again as soon after an adoption as without one.
func TestAdoptDialAfterALoss(t *testing.T) {
	w := adopted(t, openedFacts())
	w.do(Closed{Generation: 3, Code: wire.CloseAbnormal}, URLReady{4})
	w.run(3 * time.Second)
	dials := 0
	for _, line := range w.log {
		if strings.Contains(line, " dial ") {
			dials++
		}
	}
	if dials < 2 {
		t.Errorf("%d dials in 3 s, of which none is answered: %q", dials, w.log)
	}
}

func TestAdoptWhatIsHeld(t *testing.T) {
	facts := openedFacts()
	facts.Greeted = false
	facts.Cursor, facts.Held = "7", 2
	facts.IDs = []string{"6", "7", "6", "5"}
	facts.Contents = []string{"a", "b", "a", "c"}
	facts.Times = []time.Duration{9 * time.Second, 9 * time.Second, 19500 * ms, 19500 * ms}
	t.Run("a replay", func(t *testing.T) {
		w := adopted(t, facts)
		var released []bool
		for _, e := range w.s.Handle(w.now, Events{Generation: 3, IDs: []string{"7", "8"}, Contents: []string{"b", "d"}}) {
			if e, is := e.(Release); is {
				released = e.Mask
			}
		}
		if !slices.Equal(released, []bool{false, false}) || w.s.Cursor() != "8" {
			t.Errorf("released %v, cursor %s", released, w.s.Cursor())
		}
	})
	t.Run("a restart", func(t *testing.T) {
		w := adopted(t, facts)
		w.run(settleTime)
		w.want("20.5s ping 3")
		w.run(20*ms - time.Microsecond)
		w.want()
		w.run(time.Second)
		if w.s.Cursor() != "5" || len(w.log) == 0 || w.log[0] != "20.52s gap after=7 earliest=6 (restarted)" {
			t.Errorf("cursor %s, log %q", w.s.Cursor(), w.log)
		}
	})
}

func TestAdoptRepeatedEvent(t *testing.T) {
	facts := openedFacts()
	facts.Greeted = false
	// By this socket a moment ago: the server sends it twice. By an earlier one: it may
	// be a replay, and is held.
	facts.Times = []time.Duration{9 * time.Second, 19500 * ms}
	w := adopted(t, facts)
	w.do(Events{Generation: 3, IDs: []string{"e-6"}, Contents: []string{""}})
	if k := w.s.live; len(k.replay.held) != 1 {
		t.Errorf("%d events are held", len(k.replay.held))
	}
	w.do(Events{Generation: 3, IDs: []string{"e-7"}, Contents: []string{""}})
	if k := w.s.live; len(k.replay.held) != 0 {
		t.Errorf("%d events are held", len(k.replay.held))
	}
	w.want("20s deliver 0", "20s deliver 0")
}

func TestAdoptAnExpiringPermission(t *testing.T) {
	facts := openedFacts()
	facts.ExpiresAt = 22 * time.Second
	w := adopted(t, facts)
	w.run(250*ms - time.Microsecond)
	w.want()
	w.run(time.Microsecond)
	w.want("20.25s dial 4 after=e-7 fresh")
}

func TestAdoptIsTheFirstInputOrNothing(t *testing.T) {
	w := newWorld(t, nil).live()
	before := fmt.Sprintf("%+v", *w.s.live)
	w.do(openedFacts())
	w.want()
	if after := fmt.Sprintf("%+v", *w.s.live); after != before {
		t.Errorf("the socket was %s, and is %s", before, after)
	}
}

// TestAdoptIsWhatTheSessionWouldBe compares a session that was there from the start
// with one that adopts the same facts.
func TestAdoptIsWhatTheSessionWouldBe(t *testing.T) {
	w := newWorld(t, nil)
	w.do(Start{}, URLReady{1})
	w.run(10 * ms)
	w.do(Opened{1}, Hello{Generation: 1, Position: "e-0", Live: true, Heartbeat: 20 * time.Second, FirstRetryWindow: 3 * time.Second})
	w.run(10 * ms)
	w.do(Events{Generation: 1, IDs: []string{"e-1", "e-2"}})
	facts := Adopt{
		Cursor: "e-2", Generation: 1, Phase: "open", Entered: 10 * ms, Spoke: true, Greeted: true, CaughtUp: true,
		LastFrame: 20 * ms, LastFrameWall: wallStart + 20*ms, Pings: 1, Heartbeat: 20 * time.Second, FirstRetryWindow: 3 * time.Second,
		IDs: []string{"e-1", "e-2"}, Contents: []string{"", ""}, Times: []time.Duration{20 * ms, 20 * ms},
		Begun: true, Ascending: 0, State: Live, Since: wallStart + 10*ms, WasLive: true,
	}
	other := newWorld(t, nil)
	other.now = w.now
	other.do(facts)
	other.want()
	w.do(Pong{1})
	for _, side := range []*world{w, other} {
		side.s.live.lastPing = 0 // the adopted socket is asked soon
	}
	for _, s := range []*Session{w.s, other.s} {
		s.rtt = rtt{}
		s.stream.delivered, s.live.pings, s.limits = 0, nil, limits{}
		s.live.delivered, s.shown.Generation, s.live.phase, s.live.entered = 0, 0, 0, 0
		s.effects = nil
	}
	got, want := fmt.Sprintf("%+v %+v", *other.s.live, other.s.stream), fmt.Sprintf("%+v %+v", *w.s.live, w.s.stream)
	if got != want {
		t.Errorf("adopted:\n%s\nfrom the start:\n%s", got, want)
	}
	if got, want := fmt.Sprintf("%+v %v", other.s.retry, other.s.heartbeat), fmt.Sprintf("%+v %v", w.s.retry, w.s.heartbeat); got != want {
		t.Errorf("adopted:\n%s\nfrom the start:\n%s", got, want)
	}
}
