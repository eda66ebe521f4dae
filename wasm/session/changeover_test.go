package session

import (
	"testing"
	"time"
)

// expiring brings a live session to the notice that its permission ends in 20 s.
func expiring(t *testing.T) *world {
	w := newWorld(t, nil).live()
	w.do(Expiring{1, 20 * time.Second})
	w.want()
	return w
}

func TestChangeover(t *testing.T) {
	w := expiring(t)
	w.run(2500 * ms) // half of a quarter of the time, by chance
	w.want("12.5s dial 2 after=e-0 fresh")
	w.do(URLReady{2}, Opened{2})
	w.want("12.5s ping 2")
	w.do(Events{Generation: 1, IDs: []string{"e-1"}}) // the old one delivers until then
	w.want()
	w.do(Hello{Generation: 2, Resumed: true, Position: "e-0"})
	w.want() // it has yet to replay e-1, so the old one goes on
	w.do(Events{Generation: 2, IDs: []string{"e-1", "e-2"}})
	w.want("12.5s abandon 1 (1000 changed over to a new token)", "12.5s deliver 01", "12.5s reconnecting")
	w.do(Position{2, "e-2", true})
	w.want("12.5s live")
	w.do(Closed{Generation: 1, Code: 4401})
	w.want()
}

func TestChangeoverNeedsNoReplay(t *testing.T) {
	w := expiring(t)
	w.run(2500 * ms)
	w.do(URLReady{2}, Opened{2})
	w.forget()
	w.do(Hello{Generation: 2, Resumed: true, Position: "e-0", Live: true})
	w.want("12.5s abandon 1 (1000 changed over to a new token)", "12.5s live") // of another generation
	if w.s.shown.Name != Live || w.s.shown.Generation != 2 {
		t.Errorf("it shows %+v", w.s.shown)
	}
}

func TestChangeoverThatFails(t *testing.T) {
	w := expiring(t)
	dials := 0
	w.watch = func(_ Input, e Effect) {
		switch e := e.(type) {
		case Dial:
			if !e.Fresh {
				t.Errorf("dial %d asks for no new token", e.Generation)
			}
			dials++
		case State:
			if e.Name != Live || e.RetryAt >= 0 || e.Attempt > 0 {
				t.Errorf("at %v it shows %+v", w.now.Mono, e)
			}
		}
	}
	for end := w.now.Mono + 30*time.Second; w.now.Mono < end; {
		w.run(100 * ms)
		w.do(Pong{1}, URLFailed{w.s.generation, "no token"})
	}
	// At 2.5 s of 20 s, then always after half of the time that is left.
	if dials != 6 {
		t.Errorf("%d dials", dials)
	}
	w.watch = nil
	w.forget()
	w.do(Closed{Generation: 1, Code: 4401})
	if d := w.s.dial; d == nil || !d.fresh {
		t.Errorf("the server's cut leads to the dial %+v", d)
	}
}

func TestChangeoverRefused(t *testing.T) {
	w := expiring(t)
	w.run(2500 * ms)
	w.do(URLReady{2}, Opened{2}, Closed{Generation: 2, Code: 4401})
	if w.s.shown.Name != Live {
		t.Errorf("a token that is refused while the old one holds leads to %v", w.s.shown.Name)
	}
}

func TestChangeoverAndAnswers(t *testing.T) {
	t.Run("an answer of the old socket does not end it", func(t *testing.T) {
		w := expiring(t)
		w.run(2500 * ms)
		w.do(Wake{}, Pong{1}, Pong{1}, Pong{1})
		if w.s.dial == nil {
			t.Error("the dial is gone")
		}
	})
	t.Run("a silent old socket is challenged", func(t *testing.T) {
		w := expiring(t)
		w.run(2500 * ms)
		w.do(URLReady{2}, Opened{2})
		w.run(4800 * ms)
		w.forget()
		w.do(Hello{Generation: 2, Resumed: true, Position: "e-0", Live: true})
		w.want("17.3s abandon 1 (4000 no sign of life)", "17.3s live")
	})
	t.Run("offline it waits", func(t *testing.T) {
		w := expiring(t)
		w.do(Online{false})
		w.run(3 * time.Second)
		if w.s.generation != 1 {
			t.Error("it dialed")
		}
	})
	t.Run("told twice, it changes once", func(t *testing.T) {
		w := expiring(t)
		w.run(2500 * ms)
		w.do(Expiring{1, 20 * time.Second}, Expiring{7, 20 * time.Second})
		w.run(4 * time.Second)
		if w.s.generation != 2 {
			t.Errorf("%d dials", w.s.generation)
		}
	})
	t.Run("each socket once", func(t *testing.T) {
		w := expiring(t)
		w.run(2500 * ms)
		w.do(URLReady{2}, Opened{2}, Hello{Generation: 2, Resumed: true, Position: "e-0", Live: true})
		w.do(Expiring{2, 0}) // no time is left, which is at least a second
		w.run(125 * ms)
		if w.s.generation != 3 {
			t.Errorf("%d dials", w.s.generation)
		}
	})
}
