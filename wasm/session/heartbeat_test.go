package session

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestHeartbeat(t *testing.T) {
	t.Run("visible and idle: attentive", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.run(5 * time.Second)
		w.want("15s ping 1")
		w.pong(1, 20*ms)
		w.run(5 * time.Second)
		w.want("20.02s ping 1")
	})
	t.Run("hidden: the interval", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Visible{false})
		w.run(15100 * ms)
		w.want("25.01s ping 1") // 25 s after the first ping, whatever frames came meanwhile
		w.pong(1, 20*ms)
		w.run(25 * time.Second)
		w.want("50.01s ping 1")
	})
	t.Run("the server sets the interval", func(t *testing.T) {
		w := newWorld(t, nil)
		w.do(Start{}, URLReady{1}, Opened{1}, Hello{Generation: 1, Live: true, Heartbeat: 3 * time.Second}, Pong{1})
		w.forget()
		w.run(3 * time.Second)
		w.want("3s ping 1")
	})
	t.Run("off", func(t *testing.T) {
		w := newWorld(t, func(o *Options) { o.Heartbeat = 0 })
		w.do(Start{}, URLReady{1}, Opened{1})
		w.want("0s dial 1", "0s connecting", "0s live")
		w.do(Wake{})
		w.run(time.Hour)
		w.want()
	})
}

func TestSilentDeath(t *testing.T) {
	t.Run("idle and visible: a challenger within 7 s", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.run(7 * time.Second)
		w.want("15s ping 1", "17s dial 2 after=e-0 previous=silence,9.99s,7s", "17s checking: silence")
		w.redial(2)
		w.want("17s ping 2", "17s abandon 1 (4000 no sign of life)", "17s live")
	})
	t.Run("before the first pong, when no round trip is known", func(t *testing.T) {
		w := newWorld(t, nil)
		w.do(Start{}, URLReady{1}, Opened{1}, Hello{Generation: 1, Position: "e-0", Live: true})
		w.forget()
		w.run(7 * time.Second)
		w.want("5s ping 1", "7s dial 2 after=e-0 previous=silence,0s,7s", "7s checking: silence")
	})
	t.Run("hidden: within 27 s", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Visible{false})
		w.run(18 * time.Second)
		w.want("25.01s ping 1", "27.01s dial 2 after=e-0 previous=silence,9.99s,17.01s", "27.01s checking: silence")
	})
	t.Run("busy: silence is a sign", func(t *testing.T) {
		w := newWorld(t, nil).busy()
		w.run(2500 * ms)
		w.want("19.6s ping 1", "20.1s dial 2 after=e-40 previous=silence,17.99s,2.1s", "20.1s checking: silence")
	})
	t.Run("busy: an outage that was survived is no usual pause", func(t *testing.T) {
		w := newWorld(t, nil).busy()
		w.run(9 * time.Second) // stalled, then everything comes at once
		w.do(Pong{1})
		w.do(Events{Generation: 1, IDs: []string{"late"}})
		for i := range 5 {
			w.run(200 * ms)
			w.do(Events{Generation: 1, IDs: []string{fmt.Sprint("after-", i)}})
		}
		w.forget()
		w.run(3500 * ms)
		if w.s.dial == nil {
			t.Errorf("no challenger 3.5 s after the next death; the usual pause is mistaken for %v", w.s.live.interval.pause)
		}
	})
	t.Run("a busy feed that falls quiet is asked less and less", func(t *testing.T) {
		w := newWorld(t, nil).busy()
		pings := 0
		for range 600 {
			w.run(100 * ms)
			for _, line := range w.log {
				if line == w.now.Mono.String()+" ping 1" {
					pings++
					w.do(Pong{1})
				}
			}
			w.forget()
		}
		if pings > 15 {
			t.Errorf("%d pings in a minute of quiet, want about one in 5 s", pings)
		}
	})
	t.Run("no network at all: abandoned after the timeout, never waited for", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.run(7 * time.Second)
		w.want("15s ping 1", "17s dial 2 after=e-0 previous=silence,9.99s,7s", "17s checking: silence")
		w.do(URLReady{2})
		w.run(time.Second)
		w.want("18s abandon 2 (1000 dial replaced)", "18s dial 3 after=e-0 previous=silence,9.99s,8s")
		w.do(URLReady{3})
		w.run(7 * time.Second)
		w.want("23s abandon 3 (1000 dial timed out)", "23s checking retry in 500ms: silence",
			"23.5s dial 4 after=e-0 attempt=1 previous=silence,9.99s,13.5s", "23.5s checking: silence",
			"25s reconnecting attempt=1: the connection attempt was not answered")
		w.run(15 * time.Second)
		w.forget()
		w.run(20 * time.Second) // no socket is kept for ever
		if got := strings.Join(w.log, "\n"); !strings.Contains(got, "57s abandon 1 (4000 no answer to a ping)") {
			t.Errorf("the dead socket is still held:\n%s", got)
		}
	})
}

func TestSlowLinkIsNotTornDown(t *testing.T) {
	w := newWorld(t, nil).live()
	w.run(7500 * ms)
	w.want("15s ping 1", "17s dial 2 after=e-0 previous=silence,9.99s,7s", "17s checking: silence")
	w.do(Pong{1}) // the first of the two to prove itself wins
	w.want("17.5s abandon 2 (1000 not needed)", "17.5s live")
	w.do(Opened{2}, Hello{Generation: 2, Position: "e-9", Live: true})
	w.want() // too late
	if w.s.Cursor() != "e-0" {
		t.Errorf("cursor %q was moved by a socket that lost", w.s.Cursor())
	}
}

// On a link of 600 ms a ping that is lost twice is answered after 3 s.
func TestSlowLinkHasTimeForTwoLosses(t *testing.T) {
	w := newWorld(t, nil).live()
	for range 4 {
		w.run(5 * time.Second)
		w.pong(1, 600*ms)
	}
	w.forget()
	w.run(5*time.Second + 3*time.Second)
	w.want("37.4s ping 1")
	w.do(Pong{1})
	w.run(5*time.Second + 4*time.Second)
	w.want("45.4s ping 1", "49s dial 2 after=e-0 previous=silence,40.39s,8.6s", "49s checking: silence")
}

func TestAnyFrameAnswersAHeartbeat(t *testing.T) {
	for name, frame := range map[string]Input{
		"event": Events{Generation: 1, IDs: []string{"e-1"}}, "frame": Frame{1}, "at": Position{1, "e-1", true},
		"hello": Hello{Generation: 1, Resumed: true, Live: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil).live()
			w.run(6900 * ms)
			w.do(frame)
			w.run(3 * time.Second)
			w.want("15s ping 1")
		})
	}
}

func TestServerThatNeverAnswersPings(t *testing.T) {
	w := newWorld(t, nil)
	w.do(Start{}, URLReady{1}, Opened{1})
	for i := range 1000 {
		w.run(time.Second)
		w.do(Events{Generation: 1, IDs: []string{fmt.Sprint(i)}})
	}
	if n := len(w.s.live.pings); n > maxPings {
		t.Errorf("%d unanswered pings are remembered", n)
	}
	w.run(500 * ms)
	w.forget()
	w.do(Wake{})
	w.run(200 * ms)
	w.do(Events{Generation: 1, IDs: []string{"buffered"}}) // may have waited since before the wake
	w.run(100 * ms)
	w.do(Events{Generation: 1, IDs: []string{"fresh"}})
	w.run(time.Second)
	w.want("16m40.5s ping 1", "16m40.5s checking: wake", "16m40.8s live")
}

func TestMuteServer(t *testing.T) {
	w := newWorld(t, nil)
	w.do(Start{}, URLReady{1}, Opened{1})
	w.forget()
	w.run(5500 * ms)
	w.want("5s connecting attempt=1 retry in 500ms: connected, but the server neither spoke nor answered a ping", "5.5s dial 2 attempt=1",
		"5.5s connecting attempt=1: connected, but the server neither spoke nor answered a ping")
}

// A ping that an outage held back counts as a slow link at most.
func TestRoundTripOfAnOutage(t *testing.T) {
	for smoothed, want := range map[time.Duration]time.Duration{20 * ms: 2 * time.Second, 4 * time.Second: 8 * time.Second} {
		w := newWorld(t, nil).live()
		w.s.rtt.smoothed, w.s.live.pings = smoothed, []time.Duration{w.s.now.Mono}
		w.s.now.Mono += time.Minute
		w.s.pong(1)
		if got := w.s.rtt.recent[0]; got != want {
			t.Errorf("with a round trip of %v, an answer after a minute counts as %v, want %v", smoothed, got, want)
		}
	}
}

func TestRTT(t *testing.T) {
	var r rtt
	if got := r.grace(150*ms, time.Second); got != time.Second {
		t.Errorf("grace without a measure is %v, want the upper bound", got)
	}
	for range 20 {
		r.add(100 * ms)
	}
	if got := r.grace(150*ms, time.Second); got != 200*ms {
		t.Errorf("grace at a steady 100 ms is %v, want two round trips", got)
	}
	for range 50 {
		r.add(1200 * ms)
	}
	if got := r.grace(150*ms, time.Second); got < 1700*ms || got > 1800*ms {
		t.Errorf("grace on a satellite is %v, want room for one round trip above the bound", got)
	}
	for range 100 {
		r.add(100 * ms)
	}
	if got := r.dialPatience(); got != time.Second {
		t.Errorf("patience %v, want the lower bound", got)
	}
	r.add(900 * ms)
	if got := r.grace(150*ms, time.Second); got < 600*ms {
		t.Errorf("grace after an outlier is %v, want room for the deviation", got)
	}
	for range 50 {
		r.add(0)
	}
	if r.smoothed <= 0 && r.grace(150*ms, time.Second) != 150*ms {
		t.Errorf("grace %v on a perfect link, want the lower bound", r.grace(150*ms, time.Second))
	}
}
