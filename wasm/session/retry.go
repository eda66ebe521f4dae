package session

import "time"

const (
	// dialGap is the least time between dials that wake signals or advice start.
	dialGap = time.Second
	// maxWindow is how long a server may keep its clients away after a loss.
	maxWindow = 10 * time.Minute
	// noDelay is a delay that no timer is worth.
	noDelay = 5 * time.Millisecond
	// offlineFailures makes retries rare, not absent, while the browser claims to
	// be offline: it is wrong about loopback and some VPNs.
	offlineFailures = 4
	// hopelessFactor makes retries rare where the browser refuses the address:
	// what could change that is the page's own doing.
	hopelessFactor = 10
)

// retry is when to dial, and with what.
type retry struct {
	failures     int           // in a row
	since        time.Duration // mono, of the first of them
	at           time.Duration // mono, when a dial is wanted and there is none
	lastDial     time.Duration // mono
	serverAdvice bool          // at is the server's advice: no wake makes it earlier
	hopeless     bool          // the last address was refused by the browser
	fresh        bool          // the server refused the token: dials get a new one
	reason       string        // why there is still no connection
	window       time.Duration // over which the first retry is spread
}

// reset begins anew: the next dial is due now.
func (r *retry) reset(now time.Duration) {
	r.failures, r.at, r.serverAdvice, r.hopeless, r.fresh, r.reason = 0, now, false, false, false, ""
}

// settle notes that there is a connection.
func (r *retry) settle() {
	r.at, r.serverAdvice, r.hopeless, r.reason = 0, false, false, ""
}

// failed counts a failure.
func (s *Session) failed() {
	if s.retry.failures == 0 {
		s.retry.since = s.now.Mono
	}
	s.retry.failures++
}

// schedule sets the time of the next dial: spread over the server's window after
// a loss, by backoff after failures.
func (s *Session) schedule() {
	r, o := &s.retry, &s.opt
	wait := time.Duration(s.random() * float64(r.window))
	failures, outage := r.failures, s.now.Mono-r.since
	if !s.online {
		failures, outage = max(failures, offlineFailures), o.MaxReconnectDelay
	}
	switch {
	case r.hopeless:
		wait = time.Duration((1 + s.random()) / 2 * hopelessFactor * float64(o.MaxReconnectDelay))
	case failures > 0:
		wait = backoff(failures, o.MinReconnectDelay, o.MaxReconnectDelay, outage, s.random())
	}
	if wait < noDelay {
		wait = 0
	}
	r.at = s.now.Mono + wait
}

// backoff is full jitter after the cap, rand·min(cap, base·2ⁿ⁻¹) for the n-th
// failure in a row. A cap after the jitter would bring everybody who reached it
// back at the same moment.
//
// No wait is longer than twice the outage so far: where jitter has used up many
// failures in little time, a server that was away for seconds would be waited for
// until half a minute is over.
func backoff(failures int, base, limit, outage time.Duration, random float64) time.Duration {
	bound := limit
	if n := failures - 1; n < 32 && base < limit>>n {
		bound = base << n
	}
	bound = min(bound, max(base, 2*outage))
	return time.Duration(random * float64(bound))
}
