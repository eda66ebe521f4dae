package session

import (
	"testing"
	"time"
)

func TestConnectIsLiveOnlyWhenProven(t *testing.T) {
	w := newWorld(t, nil)
	w.do(Start{})
	w.want("0s dial 1", "0s connecting")
	w.do(URLReady{1})
	w.run(100 * ms)
	w.do(Opened{1})
	w.want("100ms ping 1") // open alone proves nothing
	w.do(Hello{Generation: 1, Position: "e-7", Live: true})
	w.want("100ms live")
	if w.s.Cursor() != "e-7" {
		t.Errorf("cursor %q, want the position told by the hello", w.s.Cursor())
	}
}

func TestPlainServerIsLiveWithItsFirstFrame(t *testing.T) {
	for name, frame := range map[string]Input{
		"pong": Pong{1}, "event": Events{Generation: 1, IDs: []string{"1"}}, "malformed": Frame{1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.do(Start{}, URLReady{1}, Opened{1})
			w.forget()
			w.do(frame)
			w.want("0s live")
		})
	}
}

func TestReplayIsNotLive(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.After = "e-3" })
	w.do(Start{}, URLReady{1}, Opened{1})
	w.want("0s dial 1 after=e-3", "0s connecting", "0s ping 1")
	w.do(Hello{Generation: 1, Resumed: true, Position: "e-3"})
	w.want("0s connecting") // it was never live, so there is nothing to come back to
	w.do(Events{Generation: 1, IDs: []string{"e-4", "e-5"}})
	w.want()
	w.do(Position{1, "e-9", true})
	w.want("0s live")
	if w.s.Cursor() != "e-9" {
		t.Errorf("cursor %q, want e-9: the server filtered the events between", w.s.Cursor())
	}
}

func TestStartTwiceDialsOnce(t *testing.T) {
	w := newWorld(t, nil)
	w.do(Start{}, Start{})
	w.want("0s dial 1", "0s connecting")
}

func TestStopInEveryState(t *testing.T) {
	for name, c := range map[string]struct {
		bring func(*world)
		want  []string
	}{
		"before start": {func(*world) {}, nil},
		"resolving":    {func(w *world) { w.do(Start{}) }, []string{"0s abandon 1 (1000 closed by the page)", "0s stopped"}},
		"dialing":      {func(w *world) { w.do(Start{}, URLReady{1}) }, []string{"0s abandon 1 (1000 closed by the page)", "0s stopped"}},
		"live":         {func(w *world) { w.live() }, []string{"10s abandon 1 (1000 closed by the page)", "10s stopped"}},
		"challenged": {func(w *world) { w.live(); w.do(Reconnect{}) },
			[]string{"10s abandon 1 (1000 closed by the page)", "10s abandon 2 (1000 closed by the page)", "10s stopped"}},
		"waiting": {func(w *world) { w.do(Start{}, Closed{Generation: 1, Code: 1006, Reason: ""}) }, []string{"0s stopped"}},
		"failed":  {func(w *world) { w.do(Start{}, Closed{Generation: 1, Code: 1008, Reason: ""}) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			c.bring(w)
			w.forget()
			w.do(Stop{})
			w.want(c.want...)
			// Nothing wakes it again, and nothing that is still under way counts.
			w.do(Visible{true}, Wake{}, Network{}, Online{true}, Opened{1}, Closed{Generation: 1, Code: 1006, Reason: ""}, Events{Generation: 1, IDs: []string{"x"}})
			w.want(w.now.Mono.String() + " deliver 0")
			w.sleep(time.Hour)
			w.run(time.Hour)
			w.want()
		})
	}
}
