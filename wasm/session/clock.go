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
	// stallLimit is more lateness than a page shows that has nothing else to do.
	stallLimit = 100 * time.Millisecond
	// longSleep is longer than servers and routers keep a silent connection: after
	// it the connection is more likely dead than not.
	longSleep = time.Minute
	// watchEvery is how often a visible page looks at the clocks, since laptops
	// often wake without any event.
	watchEvery = 500 * time.Millisecond

	never = time.Duration(1<<63 - 1)
)

// lostTime is the time that went missing between two inputs.
type lostTime struct {
	jump time.Duration // wall ran ahead of mono: a sleep, whatever the page did
	late time.Duration // the deadline was missed: stopped, frozen or throttled
}

// missingTime compares the clocks with those of the last input and with the
// deadline that was asked for then.
func missingTime(last, now Instant, deadline time.Duration) (lost lostTime) {
	if jump := (now.Wall - last.Wall) - (now.Mono - last.Mono); jump > sleepLimit {
		lost.jump = jump
	}
	if deadline != never && now.Mono-deadline > sleepLimit {
		lost.late = now.Mono - deadline
	}
	return lost
}
