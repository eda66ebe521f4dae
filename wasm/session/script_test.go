package session

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// world drives a session on virtual time and writes down what it does.
type world struct {
	t      *testing.T
	s      *Session
	now    Instant
	random float64
	log    []string
	watch  func(Input, Effect) // sees each effect; nil for nobody
}

const wallStart = 1_000_000 * time.Hour // far from mono, so that mixing them shows

func newWorld(t *testing.T, tune func(*Options)) *world {
	t.Helper()
	w := &world{t: t, now: Instant{Mono: 0, Wall: wallStart}, random: 0.5}
	opt := Defaults()
	if tune != nil {
		tune(&opt)
	}
	s, err := New(opt, func() float64 { return w.random })
	if err != nil {
		t.Fatal(err)
	}
	w.s = s
	return w
}

// do hands in inputs now.
func (w *world) do(inputs ...Input) {
	w.t.Helper()
	for _, in := range inputs {
		answers := 0
		for _, e := range w.s.Handle(w.now, in) {
			w.note(e)
			if w.watch != nil {
				w.watch(in, e)
			}
			if e, is := e.(Deliver); is {
				answers++
				if e.Cursor != w.s.Cursor() {
					w.t.Errorf("the cursor is %q, the page is told %q", w.s.Cursor(), e.Cursor)
				}
			}
		}
		if _, is := in.(Events); is != (answers == 1) {
			w.t.Errorf("%T was answered by %d Deliver", in, answers)
		}
	}
}

// run lets time pass; ticks come when the session asked for them.
func (w *world) run(d time.Duration) {
	w.t.Helper()
	end := w.now.Mono + d
	for ticks := 0; ; ticks++ {
		at, ok := w.s.Deadline()
		if !ok || at > end {
			break
		}
		if at < w.now.Mono {
			w.t.Fatalf("deadline %v lies in the past of %v", at, w.now.Mono)
		}
		if ticks > 100_000 {
			w.t.Fatalf("the session ticks without end at %v", w.now.Mono)
		}
		w.pass(at - w.now.Mono)
		w.do(Tick{})
	}
	w.pass(end - w.now.Mono)
}

// pass moves both clocks without a tick: a stopped process.
func (w *world) pass(d time.Duration) {
	w.now.Mono += d
	w.now.Wall += d
}

// sleep moves only the wall clock: a sleeping machine.
func (w *world) sleep(d time.Duration) { w.now.Wall += d }

func (w *world) note(e Effect) {
	if text := describe(e, w.now.Wall); text != "" {
		w.log = append(w.log, fmt.Sprintf("%v %s", w.now.Mono, text))
	}
}

// want compares what was done since the last call.
func (w *world) want(lines ...string) {
	w.t.Helper()
	got, want := strings.Join(w.log, "\n"), strings.Join(lines, "\n")
	w.log = nil
	if got != want {
		w.t.Fatalf("got:\n%s\n\nwant:\n%s", indent(got), indent(want))
	}
}

// forget drops what was done so far.
func (w *world) forget() { w.log = nil }

func indent(s string) string { return "  " + strings.ReplaceAll(s, "\n", "\n  ") }

func describe(e Effect, wall time.Duration) string {
	switch e := e.(type) {
	case Dial:
		text := fmt.Sprintf("dial %d", e.Generation)
		if e.After != "" {
			text += " after=" + e.After
		}
		if e.Fresh {
			text += " fresh"
		}
		if e.Attempt > 0 {
			text += fmt.Sprintf(" attempt=%d", e.Attempt)
		}
		if e.Previous != nil {
			text += fmt.Sprintf(" previous=%s,%v,%v", e.Previous.Cause, e.Previous.Up, e.Previous.Down)
		}
		return text
	case Abandon:
		return fmt.Sprintf("abandon %d (%d %s)", e.Generation, e.Code, e.Reason)
	case Ping:
		return fmt.Sprintf("ping %d", e.Generation)
	case Deliver:
		if !slices.Contains(e.Mask, false) {
			return "" // what nearly every burst is answered
		}
		text := "deliver "
		for _, yes := range e.Mask {
			text += map[bool]string{true: "1", false: "0"}[yes]
		}
		return text
	case Gap:
		return fmt.Sprintf("gap after=%s earliest=%s (%s)", e.After, e.Earliest, e.Reason)
	case State:
		text := string(e.Name)
		if e.Attempt > 0 {
			text += fmt.Sprintf(" attempt=%d", e.Attempt)
		}
		if e.RetryAt >= 0 {
			text += fmt.Sprintf(" retry in %v", e.RetryAt-wall)
		}
		if e.Cause != "" {
			text += ": " + e.Cause
		}
		return text
	}
	return "" // RTT has tests of its own
}

// pong answers after a round trip of rtt.
func (w *world) pong(gen int, rtt time.Duration) {
	w.run(rtt)
	w.do(Pong{gen})
}

const ms = time.Millisecond

// live brings the session to a caught-up connection of generation 1, with a
// round trip of 20 ms and a server that asks for no spread, 10 s after the start.
func (w *world) live() *world {
	w.do(Start{}, URLReady{1})
	w.run(10 * ms)
	w.do(Opened{1}, Hello{Generation: 1, Position: "e-0", Live: true})
	w.pong(1, 20*ms)
	for w.now.Mono < 10*time.Second {
		w.run(min(time.Second, 10*time.Second-w.now.Mono))
		w.do(Frame{1})
	}
	w.forget()
	return w
}

// busy is live with 5 events a second.
func (w *world) busy() *world {
	w.live()
	for i := range 40 {
		w.run(200 * ms)
		w.do(Events{Generation: 1, IDs: []string{fmt.Sprintf("e-%d", i+1)}})
	}
	w.forget()
	return w
}

// redial lets generation gen open and say hello.
func (w *world) redial(gen int) {
	w.do(URLReady{gen}, Opened{gen}, Hello{Generation: gen, Resumed: true, Position: w.s.Cursor(), Live: true})
}
