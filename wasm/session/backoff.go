package session

import "time"

// backoff is full jitter after the cap, rand·min(cap, base·2ⁿ⁻¹) for the n-th
// failure in a row: clipping after the jitter instead would bring everybody who
// reached the cap back at the same moment.
//
// No wait is longer than twice the outage so far: where jitter has used up many
// failures in little time, a server that was away for seconds would else be
// waited for until half a minute is over.
func backoff(failures int, base, limit, outage time.Duration, random float64) time.Duration {
	bound := limit
	if n := failures - 1; n < 32 && base < limit>>n {
		bound = base << n
	}
	bound = min(bound, max(base, 2*outage))
	return time.Duration(random * float64(bound))
}
