package session

import (
	"strings"
	"testing"
	"time"
)

func TestLossIsRedialedInTheServersWindow(t *testing.T) {
	for name, c := range map[string]struct {
		spread time.Duration
		want   string
	}{
		"few clients: at once":     {0, "10s dial 2"},
		"less than a timer is for": {8 * ms, "10s dial 2"},
		"many clients: spread":     {20 * time.Second, "20s dial 2"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil).live()
			w.s.retry.window = c.spread
			w.do(Closed{Generation: 1, Code: 1006, Reason: ""})
			w.run(10 * time.Second)
			for _, line := range w.log {
				if strings.Contains(line, " dial ") {
					if !strings.HasPrefix(line, c.want) {
						t.Errorf("got %q, want %q", line, c.want)
					}
					return
				}
			}
			t.Error("no dial")
		})
	}
	t.Run("a server that names years", func(t *testing.T) {
		w := newWorld(t, nil)
		w.do(Start{}, URLReady{1}, Opened{1}, Hello{Generation: 1, Live: true, FirstRetryWindow: 1 << 62})
		if w.s.retry.window != maxWindow {
			t.Errorf("spread %v, want at most %v", w.s.retry.window, maxWindow)
		}
	})
	t.Run("plain server: spread over a second", func(t *testing.T) {
		w := newWorld(t, nil)
		w.do(Start{}, URLReady{1}, Opened{1}, Pong{1})
		w.run(6 * time.Second)
		w.do(Frame{1}, Closed{Generation: 1, Code: 1006, Reason: ""})
		w.forget()
		w.run(600 * ms)
		w.want("6.5s dial 2 previous=reset,6s,500ms", "6.5s reconnecting: reset")
	})
}

func TestAcceptThenCloseBacksOff(t *testing.T) {
	w := newWorld(t, nil)
	w.random = 0.999
	w.do(Start{})
	var waits []time.Duration
	for gen := 1; gen <= 8; gen++ {
		for w.s.dial == nil {
			w.run(10 * ms)
		}
		w.redial(gen)
		w.do(Closed{Generation: gen, Code: 1011, Reason: ""})
		waits = append(waits, (w.s.retry.at - w.now.Mono).Round(time.Second))
	}
	want := []time.Duration{1, 2, 4, 8, 16, 30, 30, 30}
	for i := range want {
		if waits[i] != want[i]*time.Second {
			t.Fatalf("waits %v, want seconds %v: open alone must not reset the backoff", waits, want)
		}
	}
}

func TestProvenUptimeForgetsFailures(t *testing.T) {
	w := newWorld(t, nil)
	w.do(Start{})
	for gen := 1; gen <= 3; gen++ {
		for w.s.dial == nil {
			w.run(10 * ms)
		}
		w.do(URLReady{gen}, Closed{Generation: gen, Code: 1006, Reason: ""})
	}
	for w.s.dial == nil {
		w.run(10 * ms)
	}
	w.redial(4)
	w.run(4900 * ms)
	w.do(Frame{4})
	if w.s.retry.failures != 3 {
		t.Errorf("attempt %d before 5 s of proven life, want 3", w.s.retry.failures)
	}
	w.run(200 * ms)
	if w.s.retry.failures != 3 {
		t.Error("time alone proved life")
	}
	w.do(Pong{4})
	if w.s.retry.failures != 0 {
		t.Errorf("attempt %d after 5 s of proven life, want 0", w.s.retry.failures)
	}
}

func TestBackoffKeepsItsJitterAtTheCap(t *testing.T) {
	for failures, bound := range map[int]time.Duration{1: 1, 2: 2, 5: 16, 6: 30, 7: 30, 40: 30, 1000: 30} {
		for _, r := range []float64{0, 0.25, 0.999} {
			want := time.Duration(r * float64(bound*time.Second))
			if got := backoff(failures, time.Second, 30*time.Second, time.Hour, r); got != want {
				t.Errorf("failure %d, random %v: %v, want %v", failures, r, got, want)
			}
		}
	}
}

// Jitter can use up many failures in little time: a server that was away for 3 s
// must not be waited for until half a minute is over.
func TestNoWaitIsTwiceAsLongAsTheOutage(t *testing.T) {
	w := newWorld(t, nil).live()
	lost := w.now.Mono
	w.do(Closed{Generation: 1, Code: 1006, Reason: ""})
	var wait time.Duration
	for n := range 12 {
		for w.s.dial == nil {
			w.run(ms)
		}
		w.random = 0.05 // of four short waits, and then only long ones
		if n >= 4 {
			w.random = 0.999
		}
		w.do(URLReady{w.s.generation}, Closed{Generation: w.s.generation, Code: 1006, Reason: ""})
		wait = w.s.retry.at - w.now.Mono
		if outage := w.now.Mono - lost; wait > max(time.Second, 2*outage) {
			t.Errorf("a wait of %v after an outage of %v", wait, outage)
		}
	}
	if wait < 29*time.Second {
		t.Errorf("after minutes the wait is %v; want the cap", wait)
	}
}

func TestAdviceIsObeyed(t *testing.T) {
	w := newWorld(t, nil).live()
	w.do(Closed{Generation: 1, Code: 1012, Reason: "retry=4000 restart"})
	w.want("10s reconnecting retry in 4s: closed")
	w.run(time.Second)
	w.do(Wake{}, Network{})
	w.want() // a wake does not cut it short
	w.run(3 * time.Second)
	w.want("14s dial 2 after=e-0 previous=closed,9.99s,4s", "14s reconnecting: closed")

	t.Run("in real time", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Closed{Generation: 1, Code: 1013, Reason: "retry=600000"})
		w.forget()
		w.sleep(9 * time.Minute)
		w.do(Wake{})
		w.run(time.Minute + ms)
		w.want("1m10s dial 2 after=e-0 previous=closed,9.99s,10m0s", "1m10s reconnecting: closed")
	})
	t.Run("but not over the user", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Closed{Generation: 1, Code: 1013, Reason: "retry=600000"})
		w.run(time.Second)
		w.forget()
		w.do(Reconnect{})
		w.want("11s dial 2 after=e-0 previous=closed,9.99s,1s", "11s reconnecting: closed")
	})
	t.Run("but not into a flood: a server that says 0 to every dial", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Closed{Generation: 1, Code: 1012, Reason: "retry=0"})
		for gen := 2; gen <= 3; gen++ {
			w.do(URLReady{gen}, Opened{gen}, Closed{Generation: gen, Code: 1012, Reason: "retry=0"})
			w.run(time.Second)
		}
		w.want("10s dial 2 after=e-0 previous=closed,9.99s,0s", "10s reconnecting: closed", "10s ping 2",
			"10s reconnecting attempt=1 retry in 1s: the server closed with code 1012: retry=0",
			"11s dial 3 after=e-0 attempt=1 previous=closed,9.99s,1s", "11s reconnecting attempt=1: the server closed with code 1012: retry=0", "11s ping 3",
			"11s reconnecting attempt=2 retry in 1s: the server closed with code 1012: retry=0",
			"12s dial 4 after=e-0 attempt=2 previous=closed,9.99s,2s", "12s reconnecting attempt=2: the server closed with code 1012: retry=0")
	})
	t.Run("refused without advice: backoff", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Closed{Generation: 1, Code: 1013, Reason: ""})
		w.want("10s reconnecting attempt=1 retry in 500ms: closed")
	})
}

func TestPermanentFailures(t *testing.T) {
	for code, fails := range map[int]bool{
		1000: false, 1001: false, 1002: true, 1003: true, 1006: false, 1007: true, 1008: true, 1009: false, 1010: true,
		1011: false, 1012: false, 1013: false, 3000: false, 4000: false, 4399: false, 4400: true, 4401: false, 4403: true, 4429: false, 4499: true, 4500: false,
	} {
		w := newWorld(t, nil).live()
		w.do(Closed{Generation: 1, Code: code, Reason: "why"})
		if got := w.s.shown.Name == Failed; got != fails {
			t.Errorf("code %d: state %s, want failed: %v", code, w.s.shown.Name, fails)
		}
		if fails {
			w.forget()
			w.do(Wake{}, Online{true}, Visible{true})
			w.run(time.Hour)
			w.want()
			w.do(Reconnect{})
			w.redial(2)
			if w.s.shown.Name != Live {
				t.Errorf("code %d: Reconnect leads to %s", code, w.s.shown.Name)
			}
		}
	}
}

func TestUnauthorizedGetsOneFreshURL(t *testing.T) {
	w := newWorld(t, nil).live()
	w.do(Closed{Generation: 1, Code: 4401, Reason: "expired"})
	w.want("10s dial 2 after=e-0 fresh previous=closed,9.99s,0s", "10s reconnecting: closed")
	w.do(URLReady{2}, Opened{2}, Closed{Generation: 2, Code: 4401, Reason: "expired"})
	w.want("10s ping 2", "10s failed: the server closed with code 4401: expired")

	t.Run("again after proven life", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Closed{Generation: 1, Code: 4401, Reason: "expired"})
		w.redial(2)
		w.run(6 * time.Second)
		w.do(Pong{2})
		w.forget()
		w.do(Closed{Generation: 2, Code: 4401, Reason: "expired"})
		w.want("16s dial 3 after=e-0 fresh previous=closed,6s,0s", "16s reconnecting: closed")
	})
	t.Run("refused while the machine slept", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Closed{Generation: 1, Code: 1006})
		for w.s.dial == nil {
			w.run(10 * ms)
		}
		w.do(URLReady{2}, Opened{2})
		w.sleep(10 * time.Second)
		w.forget()
		w.do(Closed{Generation: 2, Code: 4401, Reason: "expired"})
		if !w.s.dial.is(3) || !w.s.dial.fresh {
			t.Errorf("the dial after the wake brings the token that was refused: %s", w.log)
		}
	})
	t.Run("told twice of one old token", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Reconnect{}, URLReady{2}, Opened{2})
		w.forget()
		w.do(Closed{Generation: 2, Code: 4401, Reason: "expired"})
		w.want("10s dial 3 after=e-0 fresh attempt=1 previous=user,9.99s,0s")
		w.do(Closed{Generation: 1, Code: 4401, Reason: "expired"}) // it was dialed with the old one, too
		w.want("10s reconnecting attempt=1: the server closed with code 4401: expired")
		w.redial(3)
		w.want("10s ping 3", "10s live")
	})
	t.Run("until one gets through", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Closed{Generation: 1, Code: 4401, Reason: "expired"}, URLReady{2})
		w.forget()
		w.run(time.Second)
		w.want("11s abandon 2 (1000 dial replaced)", "11s dial 3 after=e-0 fresh previous=closed,9.99s,1s")
		w.do(Closed{Generation: 3, Code: 1006, Reason: ""})
		w.forget()
		w.run(500 * ms)
		w.want("11.5s dial 4 after=e-0 fresh attempt=1 previous=closed,9.99s,1.5s", "11.5s reconnecting attempt=1: no connection")
	})
	t.Run("with a challenger under way, which has a verdict of its own", func(t *testing.T) {
		w := newWorld(t, nil).live()
		w.do(Reconnect{})
		w.forget()
		w.do(Closed{Generation: 1, Code: 4401, Reason: ""})
		w.want("10s reconnecting: user")
		w.do(URLReady{2}, Opened{2}, Closed{Generation: 2, Code: 4401, Reason: ""})
		w.want("10s ping 2", "10s dial 3 after=e-0 fresh attempt=1 previous=user,9.99s,0s",
			"10s reconnecting attempt=1: the server closed with code 4401")
		w.redial(3)
		w.want("10s ping 3", "10s live")
	})
}

func TestURLFailureIsAFailedAttempt(t *testing.T) {
	w := newWorld(t, nil)
	w.do(Start{}, URLFailed{Generation: 1, Reason: "token service: 500"})
	w.want("0s dial 1", "0s connecting", "0s abandon 1 (1000 dial timed out)", "0s connecting attempt=1 retry in 500ms: the url function failed: token service: 500")
	w.run(500 * ms)
	w.want("500ms dial 2 attempt=1", "500ms connecting attempt=1: the url function failed: token service: 500")
	w.run(10 * time.Second)
	w.want("10.5s abandon 2 (1000 dial timed out)", "10.5s connecting attempt=2 retry in 1s: the url function did not answer")
}

func TestURLFailureOfAnOpenSocketIsIgnored(t *testing.T) {
	w := newWorld(t, nil)
	w.do(Start{}, URLReady{1}, Opened{1})
	w.forget()
	w.do(URLFailed{Generation: 1, Reason: "too late"}, Hello{Generation: 1, Position: "e-1", Live: true})
	w.want("0s live")
}

// Readings of two clocks never drift together exactly. The page is not told the same
// wait again and again because of that.
func TestDriftOfTheClocksIsNoNews(t *testing.T) {
	w := newWorld(t, nil).live()
	w.s.retry.window = 20 * time.Second
	w.do(Closed{Generation: 1, Code: 1006, Reason: ""})
	shown := w.s.shown.RetryAt
	if shown < 0 {
		t.Fatal("no wait is shown")
	}
	for _, c := range []struct {
		drift time.Duration
		want  time.Duration
	}{{30 * ms, 0}, {49 * ms, 0}, {-49 * ms, 0}, {50 * ms, 50 * ms}} {
		w.now.Wall += c.drift
		w.do(Tick{})
		w.now.Wall -= c.drift
		if got := w.s.shown.RetryAt - shown; got != c.want {
			t.Errorf("a drift of %v moves what is shown by %v, want %v", c.drift, got, c.want)
		}
	}
}
