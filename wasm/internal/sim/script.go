package sim

import (
	"fmt"
	"strings"
	"time"
)

// Case is a world and what happens in it.
type Case struct {
	Config Config
	Steps  []Step
}

// Step is one thing that happens.
type Step struct {
	After time.Duration // since the step before
	Kind  Kind
	For   time.Duration // how long it lasts, where it does
	N     int           // what the kind makes of it
	Tab   int
}

// Generate makes the case of a seed: a whole day.
func Generate(seed uint64) Case {
	c := Case{Config: config(seed)}
	r := &random{seed ^ 0xda7}
	total := 0
	for _, h := range happenings {
		total += h.weight
	}
	for range 8 + r.intn(32) {
		kind, roll := Kind(0), r.intn(total)
		for roll >= happenings[kind].weight {
			roll -= happenings[kind].weight
			kind++
		}
		s := Step{Kind: kind, Tab: r.intn(c.Config.Tabs), N: r.intn(1000)}
		s.After = pick(r, 0, r.between(ms, second), r.between(100*ms, 20*second), r.between(second, 20*second), r.between(10*second, 3*time.Minute))
		if h := happenings[kind]; h.longest > 0 {
			s.For = r.between(h.shortest, h.longest)
		}
		c.Steps = append(c.Steps, s)
		if r.percent(5) { // much comes in while the page cannot read it, and then it cannot be trusted
			c.Steps = append(c.Steps,
				Step{After: second, Kind: pick(r, stop, freeze), Tab: s.Tab, For: r.between(10*second, 2*time.Minute)},
				Step{After: second, Kind: burst, N: 10 * r.intn(100)},
				Step{After: second, Kind: pick(r, trim, sleep, network_, hide), Tab: s.Tab, For: 2 * time.Minute})
		}
		if r.percent(5) { // the page stops while a ping is under way
			c.Steps = append(c.Steps,
				Step{After: 20 * second, Kind: focus, Tab: s.Tab},
				Step{After: r.upto(30 * ms).Round(ms), Kind: stop, Tab: s.Tab, For: r.between(second, 50*second), N: r.intn(8)},
				Step{After: time.Minute, Kind: focus, Tab: s.Tab})
		}
		if r.percent(4) { // a long time in which nobody looks
			c.Steps = append(c.Steps, Step{After: second, Kind: hide, Tab: s.Tab}, Step{After: r.between(time.Minute, 2*time.Hour), Kind: show, Tab: s.Tab})
		}
	}
	night := Step{After: r.upto(time.Minute).Round(ms), Kind: sleep, For: 8 * time.Hour, N: r.intn(1000)}
	at := r.intn(len(c.Steps) + 1)
	c.Steps = append(c.Steps[:at:at], append([]Step{night}, c.Steps[at:]...)...)
	return c
}

// String tells the case as a story.
func (c Case) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "The world: %s\n", c.Config)
	var at time.Duration
	for _, s := range c.Steps {
		at += s.After
		fmt.Fprintf(&b, "%12v  %s\n", at, s)
	}
	return b.String()
}

// String tells the step as a sentence.
func (s Step) String() string {
	text := happenings[s.Kind].tell(s)
	if s.Tab > 0 {
		text += " (second tab)"
	}
	return text
}

// String tells what is unusual about the world.
func (c Config) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, round trip %v", c.Seed, c.RTT)
	for _, p := range []struct {
		is   bool
		text string
	}{
		{c.Jitter > 0, fmt.Sprintf("jitter %v", c.Jitter)},
		{true, fmt.Sprintf("%d round trips to open", c.Handshake)},
		{c.Serial, "one handshake at a time"},
		{c.NATIdle > 0, fmt.Sprintf("a router that forgets after %v", c.NATIdle)},
		{c.Plain, "a plain server"},
		{c.Retain < 4096, fmt.Sprintf("%d events kept", c.Retain)},
		{true, fmt.Sprintf("%d events a frame", c.Batch)},
		{c.Frame > 0, fmt.Sprintf("%v a frame", c.Frame)},
		{c.Heartbeat > 0, fmt.Sprintf("heartbeat %v", c.Heartbeat)},
		{c.Spread > 0, fmt.Sprintf("spread %v", c.Spread)},
		{true, fmt.Sprintf("an event in %v", c.Every)},
		{c.Repeat > 0, fmt.Sprintf("%d %% of frames sent twice", c.Repeat)},
		{c.Tabs > 1, "two tabs"},
		{c.Topics > 1, fmt.Sprintf("one event in %d is wanted", c.Topics)},
		{c.URLDelay > 0, fmt.Sprintf("a url function that takes %v", c.URLDelay)},
		{c.Persist, "the cursor survives a reload"},
		{c.Throttle, "one timer a minute when hidden"},
		{c.MonoSleeps, "the monotonic clock stands still in a sleep"},
		{c.FreezeKills, "sockets of a frozen page are closed"},
		{c.Stale, "abandoned sockets still deliver"},
		{c.Snapshots && !c.Plain, "a state that begins with a snapshot"},
		{c.Engine > 0, fmt.Sprintf("an engine that takes up to %v", c.Engine)},
	} {
		if p.is {
			b.WriteString(", " + p.text)
		}
	}
	return b.String()
}
