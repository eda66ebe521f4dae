package session

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestResumeFromTheLastDelivered(t *testing.T) {
	w := newWorld(t, nil).live()
	w.do(Events{Generation: 1, IDs: []string{"e-1", "e-2", ""}}) // one without an id is delivered and moves nothing
	w.want()
	w.do(Closed{Generation: 1, Code: 1006, Reason: ""})
	w.want("10s dial 2 after=e-2 previous=reset,9.99s,0s", "10s reconnecting: reset")
	w.do(URLReady{2}, Opened{2}, Hello{Generation: 2, Resumed: true, Position: "e-2"})
	w.do(Events{Generation: 2, IDs: []string{"e-3"}})
	w.do(Position{2, "e-3", true})
	w.want("10s ping 2", "10s reconnecting", "10s live")
}

func TestOverlapDeliversOnce(t *testing.T) {
	w := newWorld(t, nil).live()
	w.do(Events{Generation: 1, IDs: []string{"e-1"}}, Reconnect{}, URLReady{2}, Opened{2})
	w.forget()
	w.do(Events{Generation: 1, IDs: []string{"e-2", "e-3"}}) // from the buffer: too early to be proof
	w.do(Hello{Generation: 2, Resumed: true, Position: "e-1"})
	w.want()
	if w.s.Cursor() != "e-3" {
		t.Errorf("cursor fell back to %q", w.s.Cursor())
	}
	w.do(Events{Generation: 2, IDs: []string{"e-2", "e-3", "e-4", "", "e-4"}})
	w.want("10s abandon 1 (4000 no sign of life)", "10s deliver 00110", "10s reconnecting")
}

// A challenger that has something to replay takes over when it brings it: the old
// socket may be in the middle of the same, in a frame that takes long.
func TestFirstToBringWhatIsMissingWins(t *testing.T) {
	raced := func(t *testing.T) *world {
		w := newWorld(t, nil).live()
		w.run(7 * time.Second)
		w.do(URLReady{2}, Opened{2}, Hello{Generation: 2, Resumed: true, Position: "e-0"}, Pong{2}, Frame{2})
		w.want("15s ping 1", "17s dial 2 after=e-0 previous=silence,9.99s,7s", "17s checking: silence", "17s ping 2")
		return w
	}
	t.Run("the old one", func(t *testing.T) {
		w := raced(t)
		w.run(6 * time.Second) // longer than a dial without a frame may take
		w.do(Events{Generation: 1, IDs: []string{"e-1"}})
		w.want("23s abandon 2 (1000 not needed)", "23s live")
	})
	t.Run("the challenger", func(t *testing.T) {
		w := raced(t)
		w.do(Events{Generation: 2, IDs: []string{"e-1"}}, Position{2, "e-1", true})
		w.want("17s abandon 1 (4000 no sign of life)", "17s reconnecting", "17s live")
	})
	t.Run("the challenger, with nothing for these topics", func(t *testing.T) {
		w := raced(t)
		w.do(Position{2, "e-9", true})
		w.want("17s abandon 1 (4000 no sign of life)", "17s live")
	})
	t.Run("nobody: the old one's time is up", func(t *testing.T) {
		w := raced(t)
		w.run(8 * time.Second)
		w.want("25s abandon 1 (4000 no sign of life)", "25s ping 2", "25s reconnecting: silence")
		w.do(Events{Generation: 2, IDs: []string{"e-1"}}, Position{2, "e-1", true})
		w.want("25s reconnecting", "25s live")
	})
	t.Run("the old one closes", func(t *testing.T) {
		w := raced(t)
		w.do(Closed{Generation: 1, Code: 1006, Reason: ""})
		w.want("17s reconnecting")
	})
	t.Run("the challenger closes", func(t *testing.T) {
		w := raced(t)
		w.do(Closed{Generation: 2, Code: 1006, Reason: ""})
		w.run(2 * time.Second)
		if w.s.dial == nil || w.s.live == nil {
			t.Errorf("no other challenger:\n%s", strings.Join(w.log, "\n"))
		}
	})
}

func TestOverlapThatTheServerDoesNotKnowOf(t *testing.T) {
	for name, c := range map[string]struct {
		more  int // events that the old socket still delivered after the dial
		frame Input
		again bool
	}{
		"a gap before the cursor":    {2, Hello{Generation: 2, Position: "e-2", Gap: &Gap{"e-1", "e-3", "trimmed"}}, true},
		"as many as are remembered":  {recentSize, Hello{Generation: 2, Resumed: true, Position: "e-1"}, false},
		"more than are remembered":   {recentSize + 1, Hello{Generation: 2, Resumed: true, Position: "e-1"}, true},
		"more, on a plain server":    {recentSize + 1, Pong{2}, true},
		"none, and a gap to be told": {0, Hello{Generation: 2, Position: "e-2", Gap: &Gap{"e-1", "e-3", "trimmed"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil).live()
			w.do(Events{Generation: 1, IDs: []string{"e-1"}}, Reconnect{}, URLReady{2}, Opened{2})
			for i := range c.more {
				w.do(Events{Generation: 1, IDs: []string{fmt.Sprint("e-", i+2)}})
			}
			cursor := w.s.Cursor()
			w.forget()
			w.do(c.frame)
			log := strings.Join(w.log, "\n")
			again := strings.Contains(log, "10s abandon 2 (1000 the cursor has moved on)\n10s dial 3 after="+cursor)
			if again != c.again || again && strings.Contains(log, "gap") {
				t.Fatalf("want another dial: %v, got\n%s", c.again, log)
			}
		})
	}
}

func TestGaps(t *testing.T) {
	for name, c := range map[string]struct {
		hello  Hello
		gap    []string
		cursor string
	}{
		"told":               {Hello{Generation: 2, Position: "f-4", Gap: &Gap{"e-1", "f-5", "epoch"}}, []string{"10s gap after=e-1 earliest=f-5 (epoch)"}, "f-4"},
		"resumed":            {Hello{Generation: 2, Resumed: true, Position: "e-1"}, nil, "e-1"},
		"neither resumed":    {Hello{Generation: 2, Position: "e-9", Live: true}, []string{"10s gap after=e-1 earliest= (unknown)"}, "e-9"},
		"an empty new epoch": {Hello{Generation: 2, Position: "f-0", Live: true, Gap: &Gap{"e-1", "", "epoch"}}, []string{"10s gap after=e-1 earliest= (epoch)"}, "f-0"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil).live()
			w.do(Events{Generation: 1, IDs: []string{"e-1"}}, Closed{Generation: 1, Code: 1006, Reason: ""}, URLReady{2}, Opened{2})
			w.forget()
			w.do(c.hello)
			var gaps []string
			for _, line := range w.log {
				if len(line) > 8 && line[4:7] == "gap" {
					gaps = append(gaps, line)
				}
			}
			if fmt.Sprint(gaps) != fmt.Sprint(c.gap) {
				t.Errorf("got %q, want %q", gaps, c.gap)
			}
			if w.s.Cursor() != c.cursor {
				t.Errorf("cursor %q, want %q", w.s.Cursor(), c.cursor)
			}
		})
	}
}

func TestTheOldestIDsAreForgotten(t *testing.T) {
	var r recent
	for i := range recentSize + 10 {
		r.add(fmt.Sprint(i), delivery{})
	}
	if len(r.known) != recentSize || len(r.order) != recentSize {
		t.Errorf("%d ids known, %d in order, want %d", len(r.known), len(r.order), recentSize)
	}
	for id, want := range map[string]bool{"9": false, "10": true, fmt.Sprint(recentSize + 9): true} {
		if _, got := r.known[id]; got != want {
			t.Errorf("id %s is remembered: %v, want %v", id, got, want)
		}
	}
}
