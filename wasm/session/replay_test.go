package session

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// plainPage is a page on a plain server, and what it gets: ids, each with its
// content, and gaps.
type plainPage struct {
	*world
	gen  int // of the newest socket
	held []string
	got  []string
}

func newPlainPage(t *testing.T, after string) *plainPage {
	p := &plainPage{world: newWorld(t, func(o *Options) {
		o.After, o.FirstRetryWindow, o.MinReconnectDelay = after, 0, minOption
		o.Heartbeat, o.Visible = time.Hour, false // nothing but events
	})}
	p.watch = p.see
	p.do(Start{})
	p.open()
	p.run(2 * time.Second) // else a challenger waits for the least time between two dials
	return p
}

// see does with events what the driver does.
func (p *plainPage) see(in Input, e Effect) {
	switch e := e.(type) {
	case Gap:
		p.got = append(p.got, fmt.Sprintf("(%s %s→%s)", e.Reason, e.After, e.Earliest))
	case Release:
		if len(e.Mask) != len(p.held) {
			p.t.Fatalf("a release of %d, held are %q", len(e.Mask), p.held)
		}
		for i, id := range p.held {
			if e.Mask[i] {
				p.got = append(p.got, id)
			}
		}
		p.held = nil
	case Deliver:
		events := in.(Events)
		for i, id := range events.IDs {
			if len(events.Contents) > 0 {
				id += events.Contents[i]
			}
			switch {
			case e.Mask[i]:
				p.got = append(p.got, id)
			case i >= len(e.Mask)-e.Held:
				p.held = append(p.held, id)
			}
		}
	}
}

func (p *plainPage) open() {
	p.gen++
	p.do(URLReady{p.gen}, Opened{p.gen}, Pong{p.gen})
}

// act does one step: "1a 2a" are events in one burst, "|1a 2a" in one each, where
// the letter is the content, if any; "lost" is a new socket after the loss of the
// old one, "challenged" one beside it; "1 of 2: 7a" are events of a given socket.
func (p *plainPage) act(step string) {
	if d, err := time.ParseDuration(step); err == nil {
		p.run(d)
		return
	}
	gen := p.gen
	if from, rest, ok := strings.Cut(step, ": "); ok {
		fmt.Sscan(from, &gen)
		step = rest
	}
	switch step {
	case "lost":
		p.do(Closed{Generation: gen, Code: 1006})
		for p.s.dial == nil {
			p.run(10 * ms)
		}
		p.open()
		return
	case "challenged":
		p.do(Reconnect{})
		p.gen++
		p.do(URLReady{p.gen}, Opened{p.gen})
		return
	}
	single := strings.HasPrefix(step, "|")
	burst := Events{Generation: gen}
	for _, event := range strings.Fields(strings.TrimPrefix(step, "|")) {
		id := strings.TrimRight(event, "abcdefghijklmnop")
		burst.IDs = append(burst.IDs, strings.TrimPrefix(id, "-"))
		if content := event[len(id):]; content != "" {
			burst.Contents = append(burst.Contents, content)
		}
		if single {
			p.do(burst)
			burst = Events{Generation: gen}
		}
	}
	if len(burst.IDs) > 0 {
		p.do(burst)
	}
}

func numbers(from, to int, content string) string {
	var ids []string
	for n := from; n <= to; n++ {
		ids = append(ids, fmt.Sprint(n, content))
	}
	return strings.Join(ids, " ")
}

func TestPlainServersThatSendIDsAgain(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps []string
		want  string
		held  int
	}{
		{"a full replay after a loss", []string{"1a 2b 3c", "lost", "1a 2b 3c 4d"}, "1a 2b 3c 4d", 0},
		{"a full replay, event by event", []string{"1a 2b 3c", "lost", "|1a 2b 3c 4d"}, "1a 2b 3c 4d", 0},
		{"a full replay without contents", []string{"1 2 3", "lost", "1 2 3 4"}, "1 2 3 4", 0},
		{"a full replay of ids that are no numbers", []string{"x1a y8b q0c", "lost", "|x1a y8b q0c z2d"}, "x1a y8b q0c z2d", 0},
		{"a replay that begins in the middle", []string{"1a 2b 3c", "lost", "2b 3c 4d"}, "1a 2b 3c 4d", 0},
		{"the last event again", []string{"1a 2b", "lost", "2b 3c"}, "1a 2b 3c", 0},
		{"the last event again and again, as a heartbeat", []string{"1a 2b", "30s", "2b", "30s", "2b", "3c"}, "1a 2b 3c", 0},
		{"the newest events again, as a snapshot each minute", []string{"1a 2b 3c", "1m", "|2b 3c", "4d", "1m", "3c 4d"}, "1a 2b 3c 4d", 0},
		{"an event twice in a row of others", []string{"1a 2b 1a 3c"}, "1a 2b 3c", 0},

		{"a counter anew: the same id, other content", []string{"1a 2b 3c", "lost", "1k"}, "1a 2b 3c (restarted 3→1) 1k", 0},
		{"a counter anew: known by its second event", []string{"1a 2b 3c 4d", "lost", "|1a 2k", "3l"}, "1a 2b 3c 4d (restarted 4→1) 1a 2k 3l", 0},
		{"a counter anew, in one burst", []string{"1a 2b 3c 4d", "lost", "1a 2k 3l"}, "1a 2b 3c 4d (restarted 4→1) 1a 2k 3l", 0},
		{"a counter anew that passes the cursor", []string{"1 2 3", "lost", "1 2", "4"}, "1 2 3 (restarted 3→1) 1 2 4", 0},
		{"a counter anew, all as before: reported when the time is over", []string{"1a 2b 3c", "lost", "1a", "1005ms"}, "1a 2b 3c", 1},
		{"and then", []string{"1a 2b 3c", "lost", "1a", "1011ms"}, "1a 2b 3c (restarted 3→1) 1a", 0},
		{"a longer replay has longer", []string{numbers(1, 200, "a"), "lost", numbers(1, 100, "a"), "1990ms"}, numbers(1, 200, "a"), 100},
		{"but not for ever", []string{numbers(1, 1000, "a"), "lost", numbers(1, 950, "a"), "9990ms"}, numbers(1, 1000, "a"), 950},
		{"and then all come", []string{numbers(1, 1000, "a"), "lost", numbers(1, 950, "a"), "10s"}, numbers(1, 1000, "a") + " (restarted 1000→1) " + numbers(1, 950, "a"), 0},
		{"a counter anew on the same socket", []string{numbers(1, 20, "a"), "2s", "1b 2b"}, numbers(1, 20, "a") + " (restarted 20→1) 1b 2b", 0},
		{"a counter anew on the same socket, all as before", []string{numbers(1, 20, "a"), "2s", "1a", "1s", "2a"}, numbers(1, 20, "a"), 2},
		{"a counter anew at 0", []string{"5a 6a", "lost", "0k", "1011ms", "1l"}, "5a 6a (restarted 6→0) 0k 1l", 0},
		{"a counter anew at a higher number", []string{"5a 6a", "lost", "7000k"}, "5a 6a 7000k", 0},
		{"events without an id wait their turn", []string{"1a 2b 3c", "lost", "1a", "-k", "1021ms"}, "1a 2b 3c (restarted 3→1) 1a k", 0},
		{"events without an id in a replay", []string{"1a -k 2b", "lost", "1a -k 2b 3c"}, "1a k 2b 3c", 0},

		{"a counter that began anew begins anew again", []string{"500a 501b", "lost", numbers(100, 120, "k"), "2s", "5l", "1011ms"},
			"500a 501b (restarted 501→100) " + numbers(100, 120, "k") + " (restarted 120→5) 5l", 0},
		{"too few to be sure of a counter", []string{"500a 501b", "lost", numbers(100, 115, "k"), "2s", "5l"},
			"500a 501b (restarted 501→100) " + numbers(100, 115, "k") + " 5l", 0},

		{"numbers in no order", []string{"50a 7b 99c 3d 4e 60f"}, "50a 7b 99c 3d 4e 60f", 0},
		{"random ids", []string{"x9a b7b", "lost", "c3c a0d"}, "x9a b7b c3c a0d", 0},
		{"a number far below, on a counter, is not forgotten soon", []string{numbers(1, 30, "a"), "2s", "-k", "5b"}, numbers(1, 30, "a") + " k (restarted 30→5) 5b", 0},
		{"lost again while it is in doubt: a replay", []string{"1a 2b 3c", "lost", "1a 2b", "lost", "1a 2b 3c 4d"}, "1a 2b 3c 4d", 0},
		{"lost again while it is in doubt: nobody knows", []string{"1 2 3", "lost", "1 2", "lost", "1 2 3"}, "1 2 3 (restarted 3→1) 1 2 3", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlainPage(t, "")
			for _, step := range c.steps {
				p.act(step)
			}
			if got := strings.Join(p.got, " "); got != c.want || len(p.held) != c.held {
				t.Errorf("the page got %s, and %d are held;\n want %s, and %d", got, len(p.held), c.want, c.held)
			}
		})
	}
}

func TestConsecutiveIDs(t *testing.T) {
	for _, c := range []struct {
		name        string
		consecutive bool
		hello       bool
		events      string
		want        string
	}{
		{"a jump", true, false, "|7a 8b 11c 12d", "7a 8b (skipped 8→11) 11c 12d"},
		{"the page did not say so", false, false, "7a 8b 11c 12d", "7a 8b 11c 12d"},
		{"from the cursor that the page began with", true, false, "9a", "(skipped 6→9) 9a"},
		{"the next one", true, false, "7a", "7a"},
		{"beyond the numbers of JavaScript", true, false, "|9999999999999999999a 10000000000000000000b 10000000000000000002c",
			"(skipped 6→9999999999999999999) 9999999999999999999a 10000000000000000000b (skipped 10000000000000000000→10000000000000000002) 10000000000000000002c"},
		{"ids that are no numbers", true, false, "x1a x5b", "x1a x5b"},
		{"a feed that says what is missing", true, true, "7a 11b", "7a 11b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlainPage(t, "6")
			p.s.stream.consecutive = c.consecutive
			if c.hello {
				p.do(Hello{Generation: 1, Resumed: true, Position: "6", Live: true})
			}
			p.act(c.events)
			if got := strings.Join(p.got, " "); got != c.want {
				t.Errorf("the page got %s;\n           want %s", got, c.want)
			}
		})
	}
}

// Two sockets of a plain server bring the same events.
func TestTwoSocketsOfAPlainServer(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps []string
		want  string
		held  int
		dials int
	}{
		{"both bring the next", []string{"1a 2b", "challenged", "1: 3c", "2: 3c 4d"}, "1a 2b 3c 4d", 0, 2},
		{"the challenger is first", []string{"1a 2b", "challenged", "2: 3c 4d", "1: 3c"}, "1a 2b 3c 4d", 0, 2},
		{"the challenger begins with a full replay", []string{"1a 2b", "challenged", "1: 3c", "2: 1a 2b 3c 4d"}, "1a 2b 3c 4d", 0, 2},
		{"the challenger comes to a server that was restarted", []string{"1a 2b", "challenged", "1: 3c", "2: 1k 2l"}, "1a 2b 3c (restarted 3→1) 1k 2l", 0, 2},
		{"the old one comes to the end of its counter first", []string{numbers(1, 20, "a"), "challenged", "1: 1k", "2: 21b"}, numbers(1, 20, "a") + " (restarted 20→1) 1k", 0, 3},
		{"the old one is in doubt about its ids", []string{numbers(1, 20, "a"), "2s", "challenged", "1: 1a", "2: 21b"}, numbers(1, 20, "a") + " 21b", 0, 2},
		{"the challenger's events are held, and their ids are those of the old one", []string{"1 2", "2s", "challenged", "1: 3 4", "2: 1 2 3", "2s"}, "1 2 3 4 (restarted 4→1) 1 2 3", 0, 2},
		{"the challenger repeats what the old one brought meanwhile", []string{"1 2", "2s", "challenged", "1: 3 4", "2: 1 2 3 4 5"}, "1 2 3 4 5", 0, 2},
		{"and has others", []string{"50 60", "challenged", "1: 55", "2: 70"}, "50 60 55 70", 0, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlainPage(t, "")
			for _, step := range c.steps {
				p.act(step)
			}
			if got := strings.Join(p.got, " "); got != c.want || len(p.held) != c.held || p.s.generation != c.dials {
				t.Errorf("the page got %s, %d are held, after %d dials;\n want %s, %d, after %d", got, len(p.held), p.s.generation, c.want, c.held, c.dials)
			}
		})
	}
}

func TestWhatASocketHeldWhenItEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*plainPage)
		want string
	}{
		{"closed", func(p *plainPage) { p.do(Closed{Generation: p.gen, Code: 1006}) }, "10 20 (restarted 20→11) 11 12"},
		{"stopped", func(p *plainPage) { p.do(Stop{}) }, "10 20 (restarted 20→11) 11 12"},
		{"away", func(p *plainPage) { p.do(Away{}) }, "10 20 (restarted 20→11) 11 12"},
		{"given up", func(p *plainPage) { p.do(Wake{}); p.run(time.Hour) }, "10 20 (restarted 20→11) 11 12"},
		{"passed by a challenger", func(p *plainPage) { p.run(time.Second); p.act("challenged"); p.do(Pong{p.gen}) }, "10 20 (restarted 20→11) 11 12"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlainPage(t, "")
			p.act("10 20")
			p.act("lost")
			p.act("11 12")
			if len(p.held) != 2 {
				t.Fatalf("%q are held", p.held)
			}
			c.end(p)
			if got := strings.Join(p.got, " "); got != c.want || len(p.held) != 0 {
				t.Errorf("the page got %s, and %d are held; want %s", got, len(p.held), c.want)
			}
		})
	}
}

// What a driver must keep is bounded.
func TestHeldEventsAreBounded(t *testing.T) {
	p := newPlainPage(t, "")
	p.do(Events{Generation: 1, IDs: []string{"1000000"}})
	p.act("lost")
	in := Events{Generation: p.gen}
	for n := range maxHeld + 1 {
		in.IDs = append(in.IDs, fmt.Sprint(n))
	}
	p.do(in)
	if len(p.held) != 0 || len(p.got) != maxHeld+3 || p.got[1] != "(restarted 1000000→0)" {
		t.Errorf("the page got %d events and gaps, %d are held", len(p.got), len(p.held))
	}
}

// A feed that says hello says what it replays: nothing is held, and what is known
// is a repetition.
func TestAFeedIsNotInDoubt(t *testing.T) {
	p := newPlainPage(t, "")
	p.do(Hello{Generation: 1, Position: "0", Live: true})
	p.act("5a 6b 3c 5k 6b 2d 7e")
	if got := strings.Join(p.got, " "); got != "5a 6b 3c 2d 7e" || len(p.held) != 0 {
		t.Errorf("the page got %s, and %d are held", got, len(p.held))
	}
}

// What another socket brought is known to be the same event when it came after the
// dial of this one, also at the very moment of it.
func TestKnownFromAnotherSocket(t *testing.T) {
	for _, tt := range []struct {
		name string
		at   time.Duration
		want decision
	}{
		{"before the dial", 5*time.Second - 1, hold},
		{"at the moment of the dial", 5 * time.Second, reject},
		{"after the dial", 6 * time.Second, reject},
	} {
		w := newWorld(t, nil)
		w.s.stream.recent.add("a", delivery{generation: 1, at: tt.at})
		w.s.stream.cursor = "b"
		k := &socket{generation: 2, dialedAt: 5 * time.Second}
		if got := w.s.judge(k, "a", delivery{generation: 2, at: 9 * time.Second}); got != tt.want {
			t.Errorf("%s: decision %d, want %d", tt.name, got, tt.want)
		}
	}
}
