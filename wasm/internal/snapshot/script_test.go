package snapshot

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// script is a stream that is told what happens, in words, and notes what it asks
// for.
type script struct {
	*Stream[string]
	lines  []string
	aborts int
	choose bool
	now    time.Duration
	calls  int // number of the last Load
}

func (s *script) say(format string, values ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, values...))
}

func (s *script) Chooses() bool { return s.choose }

func (s *script) Load(number int, reason string) {
	s.calls = number
	s.say("load %s", reason)
}
func (s *script) Abort()           { s.aborts++ }
func (s *script) Ask()             { s.say("ask") }
func (s *script) Resume(at string) { s.say("resume %s", at) }
func (s *script) Give(g Snapshot)  { s.say("give %s %v %s", g.At, g.Data, g.Reason) }
func (s *script) Deliver(items []Item[string], replayed bool) {
	for _, i := range items {
		if replayed {
			s.say("held %s", i.Event)
		} else {
			s.say("event %s", i.Event)
		}
	}
}

func (s *script) SnapshotFailed(f Failure) { s.say("failed %d %v %s", f.Attempt, f.Wait, f.Message) }

// options of a script.
type options struct {
	after  string
	plain  bool
	choose bool // the server sends only the newest events of some topics
	random float64
	limits Limits
}

func newScript(o options) *script {
	s := &script{choose: o.choose}
	if o.limits == (Limits{}) {
		o.limits = DefaultLimits
	}
	s.Stream = New[string](s, o.after, func() time.Duration { return s.now }, func() float64 { return o.random }, o.limits)
	if !o.plain {
		s.Greeted()
	}
	return s
}

// do plays steps, with a comma between them, and returns what was asked for.
func (s *script) do(steps string) string {
	for step := range strings.SplitSeq(steps, ", ") {
		word, rest, _ := strings.Cut(step, " ")
		switch word {
		case "start":
			s.Start()
		case "request":
			s.Request()
		case "hurry":
			s.Hurry()
		case "live", "down":
			s.Status(word == "live")
		case "newest":
			s.say("%v", s.Newest())
		case "event":
			s.Event(Item[string]{Event: rest, ID: strings.TrimPrefix(rest, "none"), Size: 10})
		case "moved":
			s.Moved(rest)
		case "gap":
			s.say("%v", s.Gap(rest))
		case "answer":
			s.Loaded(s.calls, rest, "s")
		case "fail":
			s.Failed(s.calls, errors.New(rest))
		case "pass":
			d, err := time.ParseDuration(rest)
			if err != nil {
				panic(err)
			}
			s.pass(d)
		default:
			panic("unknown step " + step)
		}
	}
	said := strings.Join(s.lines, ", ")
	s.lines = nil
	return said
}

// pass ticks when the stream wants it, and once at the end.
func (s *script) pass(d time.Duration) {
	end := s.now + d
	for {
		due, ok := s.Deadline()
		if !ok || due > end {
			break
		}
		s.now = max(s.now, due)
		s.Tick()
	}
	s.now = end
	s.Tick()
}

// tell is one step of a story and what has to come of it.
type tell struct{ steps, want string }

func play(t *testing.T, s *script, story []tell) {
	t.Helper()
	for _, step := range story {
		if got := s.do(step.steps); got != step.want {
			t.Errorf("%s:\n got %q\nwant %q", step.steps, got, step.want)
		}
	}
}

// started makes a stream whose feed is live at e-5, and that asked for its first
// snapshot.
const started = "start, moved e-5, live"
