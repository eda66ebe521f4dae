package sim

import (
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/wakesocket/wakesocket/wasm/internal/timeline"
	"github.com/wakesocket/wakesocket/wasm/session"
)

// World is a case on its way through the day.
type World struct {
	cfg    Config
	random *random
	now    time.Duration // true time
	queue  timeline.Queue[func()]

	network  network
	server   server
	computer computer
	tabs     []*tab

	longest time.Duration // that an event took on the wire
	calm    time.Duration // from here on nothing of the script is in the way
	acted   time.Duration // when the script last did something
	healed  bool          // the day is over: nothing goes wrong any more
	broken  *Violation
	stats   Stats
	trace   *trace
}

// computer is the machine of the tabs.
type computer struct {
	asleepUntil time.Duration
	lag         time.Duration // of the monotonic clock, from sleeps
	step        time.Duration // of the wall clock, from corrections
}

// Stats count what a case went through.
type Stats struct {
	Inputs, Dials, Losses, Events, Gaps, HandOvers, Snapshots, Returns int
	Lived                                                              time.Duration
}

// Result of a case; Violation is nil when every invariant held.
type Result struct {
	Stats
	Violation *Violation
	Trace     []string // the last things that happened, when they were asked for
}

const (
	monoStart = 1234 * ms
	wallStart = 1_000_000 * time.Hour // far from mono, so that mixing them shows
)

func newWorld(cfg Config) *World {
	w := &World{cfg: cfg, random: &random{cfg.Seed ^ 0x5eed}}
	w.server = server{w: w, log: w.newEpoch(1), epochs: 1}
	w.server.logs = []*epoch{w.server.log}
	for i := range cfg.Tabs {
		w.tabs = append(w.tabs, newTab(w, i))
	}
	return w
}

// Run lives through a case.
func (c Case) Run() Result { return c.run(nil) }

// Replay is Run, and tells what happened.
func (c Case) Replay() Result { return c.run(&trace{}) }

func (c Case) run(t *trace) (result Result) {
	w := newWorld(c.Config)
	w.trace = t
	defer func() {
		if cause := recover(); cause != nil {
			if _, ok := cause.(*Violation); !ok {
				w.broken = &Violation{Rule: "no panic", Detail: fmt.Sprintf("%v\n%s", cause, debug.Stack()), At: w.now}
			}
		}
		w.stats.Lived = w.now
		result = Result{w.stats, w.broken, t.lines()}
	}()
	w.server.publishLater()
	for _, t := range w.tabs {
		t.load("")
	}
	for _, s := range c.Steps {
		w.pass(s.After)
		w.acted = w.now
		w.note("── %s", s)
		happenings[s.Kind].do(w, s)
	}
	w.endOfDay()
	return
}

// session makes one with a jitter of its own.
func (w *World) session(opt session.Options) *session.Session {
	jitter := &random{w.random.next()}
	s, err := session.New(opt, jitter.float)
	if err != nil {
		panic(err)
	}
	return s
}

// at schedules.
func (w *World) at(when time.Duration, do func()) { w.queue.Add(max(when, w.now), do) }

func (w *World) after(d time.Duration, do func()) { w.at(w.now+d, do) }

// pass lets time pass.
func (w *World) pass(d time.Duration) {
	end := w.now + d
	for {
		at, any := w.queue.Next()
		if !any || at > end {
			break
		}
		var do func()
		w.now, do = w.queue.Pop()
		do()
	}
	w.now = end
}

// instant is what the clocks of the computer show.
func (w *World) instant() session.Instant {
	return session.Instant{Mono: monoStart + w.now - w.computer.lag, Wall: wallStart + w.now + w.computer.step}
}

// disturb says that the session cannot be expected to be live before a moment.
func (w *World) disturb(until time.Duration) { w.calm = max(w.calm, until) }

// endOfDay ends all trouble and looks whether the day ends well: every page live,
// and nothing missing that was not told.
func (w *World) endOfDay() {
	w.note("── the end of the day: nothing is in the way any more")
	w.pass(max(0, w.computer.asleepUntil-w.now))
	w.healed = true
	w.network.heal(w.now)
	w.server.heal()
	w.pass(15 * second) // until what is under way has come
	w.disturb(w.now)
	for _, t := range w.tabs {
		t.comfort()
	}
	w.pass(w.patience() + 15*second)
	w.server.quiet = true
	w.settle()
	for range 2 * w.cfg.Topics { // one by one, so that nobody falls off the log
		w.server.publish(1)
		w.pass(150 * ms)
	}
	w.pass(10 * second)
	w.settle()
	for _, t := range w.tabs {
		for range 20 { // a doubt may be under way
			if t.judge.shown.Name != session.Live {
				w.pass(second)
			}
		}
		for range 150 { // and a call that is never answered
			if t.program != nil && t.program.stream.Pending() {
				w.pass(second)
			}
		}
		t.judge.atTheEnd()
	}
}

// settle waits until no page is being told of what it missed; for half an hour at most.
func (w *World) settle() {
	for end := w.now + 30*time.Minute; w.replaying() && w.now < end; {
		w.pass(second)
	}
}

// replaying reports whether a page is still being told of events that it missed.
func (w *World) replaying() bool {
	for _, t := range w.tabs {
		if w.now-t.judge.progress < 2*second {
			return true
		}
	}
	return slices.ContainsFunc(w.server.conns, func(c *conn) bool { return c.long })
}

// patience is how long a session may take to be live when nothing is in the way.
func (w *World) patience() time.Duration {
	p := 60*second + w.cfg.Spread + w.cfg.URLDelay
	// On a link on which a handshake takes seconds, the first dials are given up too early.
	p += 10 * time.Duration(w.cfg.Handshake) * w.cfg.RTT
	if w.cfg.Serial && w.cfg.Tabs > 1 {
		p += 40 * second // another tab's hung dial is in the way
	}
	return p + 8*w.longest
}

func (w *World) note(format string, args ...any) {
	if w.trace != nil {
		w.trace.add(w.now, fmt.Sprintf(format, args...))
	}
}

// trace keeps the last lines.
type trace struct{ kept []string }

const traceLines = 150

func (t *trace) add(at time.Duration, line string) {
	if len(t.kept) == 2*traceLines {
		t.kept = append(t.kept[:0], t.kept[traceLines:]...)
	}
	t.kept = append(t.kept, fmt.Sprintf("%12v  %s", at.Round(ms/10), line))
}

func (t *trace) lines() []string {
	if t == nil {
		return nil
	}
	return t.kept[max(0, len(t.kept)-traceLines):]
}
