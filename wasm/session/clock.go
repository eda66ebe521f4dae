package session

import "time"

// Instant is one moment on two clocks. Mono never goes back but may stand still
// while the machine sleeps; Wall jumps ahead by a sleep, and by a clock change.
// The origins do not matter.
type Instant struct {
	Mono, Wall time.Duration
}

const (
	// sleepLimit is more lateness than a busy machine shows and less than a sleep lasts.
	sleepLimit = 2 * time.Second
	// stall is more lateness than a page shows that has nothing else to do.
	stall = 100 * time.Millisecond
	// longSleep outlasts the patience of servers and routers: after it the
	// connection is more likely dead than not.
	longSleep = time.Minute
	// watchEvery is how often a visible page looks at the clocks, since laptops
	// often wake without any event.
	watchEvery = 500 * time.Millisecond

	never = time.Duration(1<<63 - 1)
)

// gap is the time that went missing between two inputs.
type gap struct {
	jump time.Duration // wall ran ahead of mono: a sleep, whatever the page did
	late time.Duration // the deadline was missed: stopped, frozen or throttled
}

// elapsed compares the clocks with those of the last input and with the deadline
// that was asked for then.
func elapsed(last, now Instant, deadline time.Duration) (g gap) {
	if jump := (now.Wall - last.Wall) - (now.Mono - last.Mono); jump > sleepLimit {
		g.jump = jump
	}
	if deadline != never && now.Mono-deadline > sleepLimit {
		g.late = now.Mono - deadline
	}
	return g
}
