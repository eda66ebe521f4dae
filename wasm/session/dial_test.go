package session

import (
	"testing"
	"time"
)

func TestHungDial(t *testing.T) {
	w := newWorld(t, nil).live()
	w.do(Closed{Generation: 1, Code: 1006, Reason: ""}, URLReady{2})
	w.forget()
	w.run(1500 * ms)
	w.want("11s abandon 2 (1000 dial replaced)", "11s dial 3 after=e-0 previous=reset,9.99s,1s")
	t.Run("a link that is always slow gets more time", func(t *testing.T) {
		var took []time.Duration
		for gen := 3; gen < 7; gen++ {
			start := w.now.Mono
			w.do(URLReady{gen})
			for w.s.dial.is(gen) {
				w.run(100 * ms)
			}
			took = append(took, (w.now.Mono - start).Round(time.Second))
			for w.s.dial == nil {
				w.run(100 * ms)
			}
		}
		want := []time.Duration{4, 10, 20, 20} // 3 was asked for 0.5 s before
		for i := range want {
			if d := took[i] - want[i]*time.Second; d < -time.Second || d > time.Second {
				t.Fatalf("dials lasted %v, want seconds %v", took, want)
			}
		}
	})
}

// The network is another one, so what a dial took on the last says nothing.
func TestHungDialOnAnotherNetwork(t *testing.T) {
	for name, changed := range map[string]func(*world){
		"a change of the network": func(w *world) { w.do(Network{}) },
		"a sleep":                 func(w *world) { w.sleep(time.Minute); w.do(Tick{}) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil).live()
			w.do(Closed{Generation: 1, Code: 1006}, URLReady{2})
			w.run(time.Second)
			w.do(URLReady{3})
			w.run(2 * time.Second) // the second one has longer
			if !w.s.dial.is(3) {
				t.Fatalf("the dial is %+v", w.s.dial)
			}
			changed(w)
			w.do(URLReady{4})
			w.forget()
			w.run(time.Second - ms)
			w.want()
			w.run(ms)
			if !w.s.dial.is(5) {
				t.Errorf("a hung dial was not replaced after a second: %q", w.log)
			}
		})
	}
}

func TestOffline(t *testing.T) {
	t.Run("the browser is wrong: loopback answers", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Online{false})
		w.pong(1, 20*ms)
		w.want("10s ping 1", "10s checking: network", "10.02s live")
	})
	t.Run("retries are rare, not absent, and online dials at once", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Online{false}, Closed{Generation: 1, Code: 1006, Reason: ""})
		w.want("10s ping 1", "10s checking: network", "10s offline retry in 4s: network")
		w.run(4 * time.Second)
		w.want("14s dial 2 after=e-0 previous=network,9.99s,4s", "14s offline: network")
		w.do(URLReady{2}, Closed{Generation: 2, Code: 1006, Reason: ""})
		w.want("14s offline attempt=1 retry in 4s: no connection")
		w.run(3 * time.Second)
		w.do(Online{true})
		w.want("17s dial 3 after=e-0 attempt=1 previous=network,9.99s,7s", "17s reconnecting attempt=1: no connection")
	})
	t.Run("going offline while waiting changes the state only", func(t *testing.T) {
		w := newWorld(t, nil)
		w.do(Start{}, Closed{Generation: 1, Code: 1006, Reason: ""})
		w.forget()
		w.do(Online{false})
		w.want("0s offline attempt=1 retry in 500ms: no connection")
	})
	t.Run("given up while offline: no hurry", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Online{false})
		w.run(10 * time.Second)
		w.want("10s ping 1", "10s checking: network", "10.15s offline: network", "20s offline retry in 4s: network")
	})
}

func TestReconnectWhileLive(t *testing.T) {
	w := newWorld(t, nil).live()
	w.do(Reconnect{})
	w.want("10s ping 1", "10s dial 2 after=e-0 previous=user,9.99s,0s", "10s checking: user")
	w.do(Pong{1})
	w.want("10s abandon 2 (1000 not needed)", "10s live")
}

func TestChallengerRefused(t *testing.T) {
	w := newWorld(t, nil).live()
	w.do(Reconnect{})
	w.do(URLReady{2}, Opened{2})
	w.forget()
	// Accept-then-close is no proof: the live socket keeps its chance.
	w.do(Closed{Generation: 2, Code: 1013, Reason: "retry=3000"})
	w.want("10s checking retry in 3s: user")
	w.do(Pong{1})
	w.want("10s live")
}

// A gap from a cursor that the page has left may be none: it is asked for anew, and
// the socket that told it is given up.
func TestChallengerWithAGapFromAnOldCursor(t *testing.T) {
	w := newWorld(t, nil).live()
	w.do(Reconnect{}, URLReady{2}, Opened{2}, Events{Generation: 1, IDs: []string{"e-1"}})
	w.forget()
	w.do(Hello{Generation: 2, Position: "e-1", Live: true, Gap: &Gap{"e-0", "e-1", "trimmed"}})
	w.want("10s abandon 1 (4000 no sign of life)", "10s abandon 2 (1000 the cursor has moved on)", "10s dial 3 after=e-1", "10s reconnecting")
	w.do(Frame{2})
	w.want()
	w.do(Events{Generation: 2, IDs: []string{"e-2"}})
	w.want("10s deliver 0")
	w.redial(3)
	w.want("10s ping 3", "10s live")
}

func TestLiveClosedWhileChallenged(t *testing.T) {
	w := newWorld(t, nil).live()
	w.do(Reconnect{}, URLReady{2}, Closed{Generation: 1, Code: 1006, Reason: ""})
	w.want("10s ping 1", "10s dial 2 after=e-0 previous=user,9.99s,0s", "10s checking: user", "10s reconnecting: user")
	w.redial(2)
	w.want("10s ping 2", "10s live")
}

func TestStaleInputsAreIgnored(t *testing.T) {
	w := newWorld(t, nil).live()
	w.do(Closed{Generation: 1, Code: 1006, Reason: ""})
	w.redial(2)
	w.forget()
	w.do(Opened{1}, Closed{Generation: 1, Code: 4403, Reason: ""}, Pong{1}, Frame{1}, Position{1, "x", true}, Hello{Generation: 1}, URLReady{1}, URLFailed{Generation: 1, Reason: ""}, Opened{2}, Closed{Generation: 9, Code: 1006, Reason: ""})
	w.want()
	w.do(Events{Generation: 1, IDs: []string{"x"}})
	w.want("10s deliver 0")
}

func TestQuietLifeWithoutHeartbeatIsProven(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Heartbeat = 0 })
	w.do(Start{})
	for gen := 1; gen <= 3; gen++ {
		w.redial(gen)
		w.run(time.Minute)
		w.do(Closed{Generation: gen, Code: 1006, Reason: ""})
	}
	w.forget()
	w.do(URLReady{4})
	if w.s.retry.failures != 0 || w.s.dial == nil || w.s.previous.up != time.Minute {
		t.Errorf("after three quiet minutes each: attempt %d, dial %v, up %v", w.s.retry.failures, w.s.dial, w.s.previous.up)
	}
}

func TestSlowHandshakesAreRemembered(t *testing.T) {
	w := newWorld(t, nil).live()
	w.do(Closed{Generation: 1, Code: 1006, Reason: ""}, URLReady{2})
	w.run(time.Second)
	w.do(URLReady{3})
	w.run(4 * time.Second)
	w.do(Opened{3}, Hello{Generation: 3, Resumed: true, Live: true}) // it took longer than the first of them was given
	w.run(time.Second)
	w.do(Closed{Generation: 3, Code: 1006, Reason: ""})
	for w.s.dial == nil {
		w.run(10 * ms)
	}
	w.do(URLReady{4})
	w.forget()
	w.run(4 * time.Second)
	w.want()
	w.redial(4)
	w.do(Closed{Generation: 4, Code: 1006, Reason: ""})
	for w.s.dial == nil {
		w.run(10 * ms)
	}
	w.redial(5)
	if w.s.limits.handshakes != 0 {
		t.Error("a quick handshake did not restore the patience of a quick link")
	}
}
