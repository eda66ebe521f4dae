package session

import (
	"testing"
	"time"
)

func TestMissingTime(t *testing.T) {
	last := Instant{Mono: time.Hour, Wall: wallStart}
	after := func(mono, wall time.Duration) Instant { return Instant{last.Mono + mono, last.Wall + wall} }
	for name, c := range map[string]struct {
		now      Instant
		deadline time.Duration // after last
		want     lostTime
	}{
		"none":                        {after(time.Second, time.Second), time.Second, lostTime{}},
		"as much as a busy machine":   {after(0, sleepLimit), never, lostTime{}},
		"a little more":               {after(0, sleepLimit+1), never, lostTime{jump: sleepLimit + 1}},
		"both clocks went on":         {after(time.Hour, time.Hour), never, lostTime{}},
		"the wall clock was set back": {after(time.Second, -time.Hour), time.Second, lostTime{}},
		"a tick as late as may be":    {after(sleepLimit+time.Second, sleepLimit+time.Second), time.Second, lostTime{}},
		"a tick that is later":        {after(sleepLimit+time.Second+1, sleepLimit+time.Second+1), time.Second, lostTime{late: sleepLimit + 1}},
	} {
		deadline := c.deadline
		if deadline != never {
			deadline += last.Mono
		}
		if got := missingTime(last, c.now, deadline); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// A sleep of a minute needs no grace for the old socket; a shorter one does.
func TestLongSleep(t *testing.T) {
	for name, c := range map[string]struct {
		lose func(*world, time.Duration)
		lost time.Duration
		dial bool
	}{
		"asleep for a minute":       {(*world).sleep, time.Minute, true},
		"asleep for less":           {(*world).sleep, time.Minute - 1, false},
		"stopped for a minute":      {(*world).pass, time.Minute, true},
		"stopped for less":          {(*world).pass, time.Minute - 1, false},
		"stopped for a short while": {(*world).pass, 10 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil).live()
			deadline, _ := w.s.Deadline()
			w.pass(deadline - w.now.Mono)
			c.lose(w, c.lost)
			w.do(Tick{})
			if got := w.s.dial.is(2); got != c.dial {
				t.Errorf("a challenger at once: %v, want %v: %q", got, c.dial, w.log)
			}
		})
	}
}

// Several signs of one wake send one ping; those of the next wake another one.
func TestPingGap(t *testing.T) {
	w := newWorld(t, nil).live()
	w.do(Wake{})
	w.run(pingGap - 1)
	w.do(Wake{})
	w.want("10s ping 1", "10s checking: wake")
	w.run(1)
	w.do(Wake{})
	w.want("10.1s ping 1")
	if pingGap != 100*ms {
		t.Errorf("the gap is %v", pingGap)
	}
}
