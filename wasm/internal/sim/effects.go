package sim

import (
	"time"

	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

// What the number of a step means for its kind.

func slowness(s Step) time.Duration { return time.Duration(20+s.N*2) * ms }

func burstOf(s Step) int {
	if s.N%10 == 0 {
		return 3*s.N + 1
	}
	return 1 + s.N%40
}

func refusalOf(s Step) int {
	return []int{wire.CloseTryLater, wire.CloseTryLater, wire.CloseTooMany, wire.CloseRestart, 1011, wire.CloseNormal}[s.N%6]
}

func adviceOf(s Step) time.Duration {
	return []time.Duration{-1, -1, 0, 300 * ms, 4 * second, 30 * second}[s.N/6%6]
}

func correctionOf(s Step) time.Duration {
	return []time.Duration{-time.Hour, -5 * second, -100 * ms, 100 * ms, 5 * second, time.Hour}[s.N%6]
}

func (s *server) refuse(step Step, until time.Duration, late bool) {
	r := &s.refusal
	r.until, r.code, r.advice, r.late = until, refusalOf(step), adviceOf(step), late
}

// restart ends the process: its kernel resets the connections.
func (s *server) restart(until time.Duration) {
	for len(s.conns) > 0 {
		s.conns[0].end(1006, -1, "")
	}
	s.downUntil = max(s.downUntil, until)
}

// crash takes the whole machine away.
func (s *server) crash(until time.Duration) {
	for len(s.conns) > 0 {
		s.conns[0].forget()
	}
	s.w.network.hangUntil = until
	s.downUntil = max(s.downUntil, until)
}

func (s *server) newLog() {
	s.epochs++
	s.log = s.w.newEpoch(s.epochs)
	s.logs = append(s.logs, s.log)
}

// drain sends the clients away one by one over the window; who comes back is told
// to wait for its end.
func (s *server) drain(window time.Duration) {
	s.drainUntil = s.w.now + window
	all := append([]*conn(nil), s.conns...)
	for i, c := range all {
		s.w.after(window*time.Duration(i)/time.Duration(len(all)), func() {
			if c.open {
				c.say(wire.CloseRestart, 0, "draining")
				c.write()
			}
		})
	}
}

// blink is a stop too short to be told from a slow answer.
const blink = 500 * ms

// pause stops a page for a while.
func pause(how func(*tab)) func(*World, Step) {
	return func(w *World, s Step) {
		t := w.tabs[s.Tab]
		if !t.running() {
			return
		}
		how(t)
		w.after(s.For, func() {
			if !t.frozen {
				return
			}
			if s.For >= time.Minute || s.For < blink || !t.seen { // hidden, it looks like a throttled timer
				t.judge.doubt()
			}
			t.resume(s.N)
		})
	}
}

// asleep is the machine's sleep: nothing runs and nothing passes.
func asleep(w *World, s Step) {
	until := w.now + s.For
	if until <= w.computer.asleepUntil || w.now < w.computer.asleepUntil {
		return
	}
	for _, t := range w.tabs {
		t.judge.look()
	}
	w.computer.asleepUntil = until
	w.darken(until)
	w.disturb(until + 5*second)
	w.at(until, func() {
		if w.cfg.MonoSleeps {
			w.computer.lag += s.For
		}
		for _, t := range w.tabs {
			t.judge.doubt()
			if t.armed >= 0 {
				t.schedule()
			}
			if !t.frozen {
				t.resume(s.N)
			}
		}
	})
}

// takeAway is the back/forward cache.
func takeAway(w *World, s Step) {
	t := w.tabs[s.Tab]
	if !t.running() {
		return
	}
	t.do(session.Away{})
	t.seen = false
	t.do(session.Visible{On: false})
	t.stop()
	w.after(s.For, func() {
		if !t.frozen {
			return
		}
		t.judge.doubt()
		t.resume(s.N)
		t.post(func() {
			t.do(session.Wake{}) // pageshow
			t.seen = t.visible
			t.do(session.Visible{On: t.visible})
		})
	})
}

// lengthOf is how long a long event takes.
func lengthOf(s Step) time.Duration { return time.Duration(3+s.N%80) * second }

// again ends a life of the page and begins the next.
func again(orderly bool) func(*World, Step) {
	return toPage(func(t *tab, _ Step) {
		kept := t.kept
		if !t.w.cfg.Persist {
			kept = ""
		}
		t.unload(orderly)
		t.load(kept)
	})
}

func claimOffline(w *World, s Step) {
	t, until := w.tabs[s.Tab], w.now+s.For
	if s.N%2 == 0 {
		w.darken(until)
		w.disturb(until + 5*second)
	}
	claim := func(on bool) {
		t.post(func() {
			t.online = on
			t.do(session.Online{On: on})
		})
	}
	claim(false)
	w.at(until, func() { claim(true) })
}
