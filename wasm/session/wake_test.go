package session

import (
	"strings"
	"testing"
	"time"
)

func TestWakeWithTheLinkAlive(t *testing.T) {
	for name, wake := range map[string]func(*world){
		"focus":                    func(w *world) { w.do(Wake{}) },
		"visible":                  func(w *world) { w.do(Visible{false}, Visible{true}) },
		"several signals at once":  func(w *world) { w.do(Visible{true}, Wake{}, Wake{}, Visible{true}) },
		"stopped for 10 s, event":  func(w *world) { w.pass(10 * time.Second); w.do(Visible{true}) },
		"stopped for 10 s, a tick": func(w *world) { w.pass(10 * time.Second); w.do(Tick{}) },
		"asleep for 10 s, a tick":  func(w *world) { w.sleep(10 * time.Second); w.run(500 * ms) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil).live()
			wake(w)
			pings := 0
			for _, line := range w.log {
				if line == w.now.Mono.String()+" ping 1" {
					pings++
				}
			}
			if pings != 1 || w.s.shown.Name != Checking {
				t.Fatalf("%d pings and state %s, want one ping and checking:\n%v", pings, w.s.shown.Name, w.log)
			}
			w.forget()
			w.pong(1, 20*ms)
			w.want(w.now.Mono.String() + " live")
		})
	}
}

func TestWakeWithTheLinkDead(t *testing.T) {
	t.Run("a challenger within the grace", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Visible{true})
		w.run(300 * ms)
		w.want("10s ping 1", "10s checking: wake", "10.15s dial 2 after=e-0 previous=wake,9.99s,150ms")
	})
	t.Run("stopped without any event", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.run(100 * ms)
		w.pass(10 * time.Second)
		w.do(Tick{})
		w.run(200 * ms)
		w.want("20.1s ping 1", "20.1s checking: sleep", "20.25s dial 2 after=e-0 previous=sleep,9.99s,10.25s")
	})
	t.Run("a true sleep of 10 h: no grace", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.run(100 * ms)
		w.sleep(10 * time.Hour)
		w.run(500 * ms)
		w.want("10.5s ping 1", "10.5s dial 2 after=e-0 previous=sleep,9.99s,10h0m0.5s", "10.5s checking: sleep")
	})
	t.Run("the network came back: no grace", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Online{false})
		w.want("10s ping 1", "10s checking: network")
		w.run(2 * time.Second)
		w.want("10.15s offline: network")
		w.do(Online{true})
		w.want("12s ping 1", "12s dial 2 after=e-0 previous=network,9.99s,2s", "12s checking: network")
	})
	t.Run("asleep while the network was away: no grace", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Online{false})
		w.run(200 * ms)
		w.want("10s ping 1", "10s checking: network", "10.15s offline: network")
		w.pass(10 * time.Second)
		w.do(Tick{})
		w.want("20.2s ping 1", "20.2s checking: sleep")
		w.do(Online{true})
		w.want("20.2s dial 2 after=e-0 previous=sleep,9.99s,10.2s")
	})
	t.Run("asleep, and told that the network is there as before: probed first", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.run(100 * ms)
		w.pass(10 * time.Second)
		w.do(Tick{}, Online{true})
		w.want("20.1s ping 1", "20.1s checking: sleep")
	})
	t.Run("frames from a buffer prove nothing", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.pass(10 * time.Second)
		w.do(Events{Generation: 1, IDs: []string{"e-1", "e-2"}}) // noticed by this very input
		w.run(150 * ms)
		w.want("20s ping 1", "20s checking: sleep", "20.15s dial 2 after=e-2 previous=sleep,19.99s,150ms")
	})
	t.Run("the answer to a ping from before the sleep proves nothing", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.run(5 * time.Second)
		w.want("15s ping 1")
		w.pass(10 * time.Second)
		w.do(Pong{1})
		w.want("25s ping 1", "25s checking: sleep")
		w.run(150 * ms)
		w.want("25.15s dial 2 after=e-0 previous=sleep,24.99s,150ms")
		if w.s.rtt.smoothed > 50*ms {
			t.Errorf("the sleep was mistaken for a round trip: %v", w.s.rtt.smoothed)
		}
	})
}

func TestLateTickIsNotAMissedPong(t *testing.T) {
	w := newWorld(t, nil).live()
	w.run(5 * time.Second)
	w.want("15s ping 1")
	w.pass(30 * time.Second) // far beyond the timeout
	w.do(Tick{})
	w.want("45s ping 1", "45s checking: sleep")
	w.do(Pong{1}, Pong{1}) // both were in the buffer
	w.want("45s live")
}

func TestStallDuringAProbe(t *testing.T) {
	t.Run("the answer comes after the late tick", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Wake{})
		w.pass(time.Second)
		w.do(Tick{}, Pong{1})
		w.want("10s ping 1", "10s checking: wake", "11s live")
	})
	t.Run("and it is asked anew by the late input", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.s.rtt = rtt{smoothed: 110 * ms}
		w.do(Wake{})
		w.pass(time.Second)
		w.do(Wake{}, Pong{1}) // one of two
		w.run(110 * ms)
		w.do(Pong{1})
		w.want("10s ping 1", "10s checking: wake", "11s ping 1", "11.11s live")
	})
	t.Run("there is none", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Wake{})
		w.pass(time.Second)
		w.do(Tick{})
		w.pass(time.Second)
		w.do(Tick{}) // late again: it is not waited for twice
		w.want("10s ping 1", "10s checking: wake", "12s dial 2 after=e-0 previous=wake,9.99s,2s")
	})
}

func TestHiddenAndThrottled(t *testing.T) {
	t.Run("alive: one ping a minute, no dial", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Visible{false})
		for range 5 {
			w.pass(time.Minute)
			w.do(Tick{}, Pong{1})
		}
		w.want("1m10s ping 1", "2m10s ping 1", "3m10s ping 1", "4m10s ping 1", "5m10s ping 1")
	})
	t.Run("dead: replaced by the tick after the ping", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Visible{false})
		w.pass(time.Minute)
		w.do(Tick{})
		w.pass(time.Minute)
		w.do(Tick{})
		w.want("1m10s ping 1", "2m10s ping 1", "2m10s dial 2 after=e-0 previous=silence,9.99s,2m0s", "2m10s checking: silence")
	})
	t.Run("dead, and the way back is slow: the dial that opens at last is kept", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Visible{false})
		for range 2 {
			w.pass(time.Minute)
			w.do(Tick{})
		}
		w.do(URLReady{2})
		w.forget()
		w.pass(6 * time.Second) // the deadline of the dial went by meanwhile
		w.do(Opened{2}, Hello{Generation: 2, Resumed: true, Position: "e-0", Live: true})
		w.want("2m16s ping 2", "2m16s abandon 1 (4000 no sign of life)", "2m16s live")
	})
	t.Run("dead, while the browser says offline: given up all the same", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Visible{false}, Online{false}, Pong{1})
		w.forget()
		for range 5 {
			w.pass(time.Minute)
			w.do(Tick{})
		}
		w.want("1m10s ping 1", "2m10s ping 1", "2m10s offline: silence",
			"3m10s abandon 1 (4000 no answer to a ping)", "3m10s offline retry in 4s: silence",
			"4m10s dial 2 after=e-0 previous=silence,9.99s,4m0s", "4m10s offline: silence",
			"5m10s abandon 2 (1000 dial timed out)", "5m10s offline attempt=1 retry in 4s: the url function did not answer")
	})
	t.Run("a little late: asked again", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Visible{false})
		w.run(15010 * ms)
		w.want("25.01s ping 1")
		w.pass(5 * time.Second)
		w.do(Tick{})
		w.want("30.01s ping 1", "30.01s checking: silence")
	})
}

func TestWakeWhileWaiting(t *testing.T) {
	w := newWorld(t, nil)
	w.random = 0.999
	w.do(Start{})
	for gen := 1; gen <= 6; gen++ {
		w.do(URLReady{gen}, Closed{Generation: gen, Code: 1006, Reason: ""})
		for gen < 6 && w.s.dial == nil {
			w.run(time.Second)
		}
	}
	w.run(2 * time.Second)
	w.want("0s dial 1", "0s connecting",
		"0s connecting attempt=1 retry in 999ms: no connection", "999ms dial 2 attempt=1", "999ms connecting attempt=1: no connection",
		"1s connecting attempt=2 retry in 1.998s: no connection", "2.998s dial 3 attempt=2", "2.998s connecting attempt=2: no connection",
		"3s connecting attempt=3 retry in 3.996s: no connection", "6.996s dial 4 attempt=3", "6.996s connecting attempt=3: no connection",
		"7s connecting attempt=4 retry in 7.992s: no connection", "14.992s dial 5 attempt=4", "14.992s connecting attempt=4: no connection",
		"15s connecting attempt=5 retry in 15.984s: no connection", "30.984s dial 6 attempt=5", "30.984s connecting attempt=5: no connection",
		"31s connecting attempt=6 retry in 29.97s: no connection")
	w.do(Wake{})
	w.want("33s dial 7 attempt=6", "33s connecting attempt=6: no connection")
	w.do(URLReady{7}, Closed{Generation: 7, Code: 1006, Reason: ""})
	w.forget()
	w.do(Wake{}, Wake{}, Wake{})
	w.want("33s connecting attempt=7 retry in 1s: no connection") // signals do not make a flood
	w.run(time.Second)
	w.want("34s dial 8 attempt=7", "34s connecting attempt=7: no connection")
}

func TestSleepWhileDialing(t *testing.T) {
	for name, bring := range map[string]func(*world){
		"resolving": func(w *world) { w.do(Start{}) },
		"dialing":   func(w *world) { w.do(Start{}, URLReady{1}) },
		"unproven":  func(w *world) { w.do(Start{}, URLReady{1}, Opened{1}) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			bring(w)
			w.forget()
			w.sleep(time.Hour)
			w.do(Tick{})
			w.want("0s abandon 1 (1000 dial made again after a wake)", "0s dial 2")
		})
	}
}

func TestSleepWhileChallenged(t *testing.T) {
	w := newWorld(t, nil).live()
	w.do(Reconnect{}, URLReady{2})
	w.forget()
	w.sleep(time.Hour)
	w.do(Tick{})
	w.want("10s abandon 2 (1000 dial made again after a wake)", "10s ping 1", "10s dial 3 after=e-0 previous=sleep,9.99s,1h0m0s", "10s checking: sleep")
}

func TestClockStepOnALiveLink(t *testing.T) {
	t.Run("ahead", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.sleep(time.Hour)
		w.do(Tick{})
		w.pong(1, 20*ms) // one round trip; a dial needs two
		w.want("10s ping 1", "10s dial 2 after=e-0 previous=sleep,9.99s,1h0m0s", "10s checking: sleep", "10.02s abandon 2 (1000 not needed)", "10.02s live")
	})
	t.Run("back", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.sleep(-time.Hour)
		w.do(Tick{})
		w.want()
	})
}

func TestNetworkFlapsDoNotFlood(t *testing.T) {
	w := newWorld(t, nil).live()
	dials := 0
	for range 100 {
		w.do(Network{})
		w.pong(1, 20*ms)
		w.run(80 * ms)
	}
	for _, line := range w.log {
		if strings.Contains(line, " dial ") {
			dials++
		}
	}
	if dials > 11 {
		t.Errorf("%d dials in 10 s of flapping, want at most one a second", dials)
	}
	if w.s.live.generation != 1 {
		t.Error("a live connection was replaced")
	}
}

func TestSleepWithoutHeartbeat(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Heartbeat = 0 })
	w.do(Start{}, URLReady{1}, Opened{1})
	w.forget()
	w.sleep(time.Hour)
	w.do(Tick{})
	w.do(URLReady{2}, Opened{2})
	w.want("0s dial 2 previous=sleep,0s,1h0m0s", "0s checking: sleep", "0s abandon 1 (4000 no sign of life)", "0s live")
}

func TestWakeFindsTheSocketClosed(t *testing.T) {
	w := newWorld(t, nil)
	w.do(Start{}, URLReady{1}, Opened{1}, Hello{Generation: 1, Position: "e-0", Live: true}, Pong{1})
	w.run(1500 * ms) // too young to be proven: a plain loss would be a failure with a backoff
	w.forget()
	w.do(Wake{}, Closed{Generation: 1, Code: 1006, Reason: ""})
	w.want("1.5s ping 1", "1.5s checking: wake", "1.5s dial 2 after=e-0 attempt=1 previous=wake,0s,1.5s", "1.5s reconnecting attempt=1: wake")
}
