package session

import (
	"slices"
	"time"
)

// rtt estimates the round trip as TCP does (RFC 6298).
type rtt struct {
	smoothed, deviation time.Duration
	recent              [5]time.Duration // newest first; 0 while there are fewer
}

func (r *rtt) known() bool { return r.smoothed > 0 }

func (r *rtt) add(sample time.Duration) {
	copy(r.recent[1:], r.recent[:])
	r.recent[0] = sample
	if !r.known() {
		r.smoothed, r.deviation = max(sample, time.Microsecond), sample/2
		return
	}
	r.deviation += ((r.smoothed - sample).Abs() - r.deviation) / 4
	r.smoothed += (sample - r.smoothed) / 8
}

// grace is how long an answer may take before its lack is suspicious: about two
// round trips, within the bounds, but never less than one and a half; the upper
// bound while nothing is known.
func (r *rtt) grace(low, high time.Duration) time.Duration {
	if !r.known() {
		return high
	}
	return max(min(max(2*r.smoothed, r.smoothed+4*r.deviation, low), high), r.smoothed*3/2)
}

// afterTwoLosses is after how long the answer comes if a packet is lost, and so is its
// repetition: TCP repeats after a timeout of one to two round trips, and then
// after twice that. The median tells a slow link from one that stalled once.
func (r *rtt) afterTwoLosses() time.Duration {
	recent := r.recent
	slices.Sort(recent[:])
	return 6 * recent[len(recent)/2]
}

// dialPatience is how long the first dial may take: four round trips cover DNS, TCP,
// TLS and the upgrade.
func (r *rtt) dialPatience() time.Duration {
	if !r.known() {
		return 2 * time.Second
	}
	return min(max(4*r.smoothed, time.Second), 2*time.Second)
}
