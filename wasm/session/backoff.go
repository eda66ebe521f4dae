package session

import "time"

// backoff is full jitter after the cap, rand·min(cap, base·2ⁿ⁻¹) for the n-th
// failure in a row: clipping after the jitter instead would bring everybody who
// reached the cap back at the same moment.
func backoff(failures int, base, limit time.Duration, random float64) time.Duration {
	bound := limit
	if n := failures - 1; n < 32 && base < limit>>n {
		bound = base << n
	}
	return time.Duration(random * float64(bound))
}
