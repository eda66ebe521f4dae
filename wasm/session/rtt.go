package session

import "time"

// rtt estimates the round trip as TCP does (RFC 6298).
type rtt struct {
	smoothed, deviation time.Duration
}

func (r *rtt) known() bool { return r.smoothed > 0 }

func (r *rtt) add(sample time.Duration) {
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

// patience is how long the first dial may take: four round trips cover DNS, TCP,
// TLS and the upgrade.
func (r *rtt) patience() time.Duration {
	if !r.known() {
		return 2 * time.Second
	}
	return min(max(4*r.smoothed, time.Second), 2*time.Second)
}
