package session

import "time"

// A limit that makes something begin anew must grow: whatever takes longer than
// the limit would never finish otherwise. Each limit here doubles while it keeps
// ending what it limits, and returns to its base when that succeeds in time.

const (
	urlTimeout = 10 * time.Second // for the page's own url function
	// Bounds of the doublings.
	maxURLDoublings        = 4 // 160 s
	maxHandshakes          = 3 // 20 s with the default ConnectTimeout
	maxFirstFrameDoublings = 2 // 20 s with the default ConnectTimeout
	maxSilenceDoublings    = 5 // 1280 s with the default HeartbeatTimeout
	// steadyAfter is how long a socket lives that is not taken over again for the
	// same reason.
	steadyAfter = time.Minute

	maxTakeoverDoublings = 9 // 1024 s with the default ChallengeAfter
	// silenceFactor is how many times longer a silent socket is kept than the page
	// shows it as open. A challenger is dialed meanwhile, so this delays nothing.
	silenceFactor = 4
)

// limits are how often each limit has ended something in a row.
type limits struct {
	addresses   int           // url functions that did not answer
	handshakes  int           // dials that did not open
	firstFrames int           // challengers that opened and did not speak
	silences    int           // open sockets that fell silent and were given up
	takeovers   int           // challengers that won, with no steady socket since
	longest     time.Duration // longest silence that ended with a frame
}

// spoke notes a frame after a silence.
func (l *limits) spoke(silence time.Duration) {
	l.silences, l.firstFrames = 0, 0
	l.longest = max(l.longest, silence)
}

// address bounds the url function.
func (l *limits) address() time.Duration {
	return urlTimeout << min(l.addresses, maxURLDoublings)
}

// firstFrame bounds the time from the handshake to the first frame, after which
// another socket is dialed.
func (l *limits) firstFrame(base time.Duration) time.Duration {
	return base << min(l.firstFrames, maxFirstFrameDoublings)
}

// challenge bounds how long an answer may take before a challenger is dialed. A
// challenger that wins and then falls silent as well may have been sent the same
// long message as the socket before, from its beginning.
func (l *limits) challenge(grace, base time.Duration) time.Duration {
	if l.takeovers < 2 {
		return grace
	}
	return max(grace, base) << min(l.takeovers-1, maxTakeoverDoublings)
}

// silence bounds how long an open socket may be silent before it is given up. A
// link on which a message once took long gets twice that.
func (l *limits) silence(base time.Duration) time.Duration {
	base *= silenceFactor
	limit := base << min(l.silences, maxSilenceDoublings)
	return max(limit, min(2*l.longest, base<<maxSilenceDoublings))
}

// handshake bounds the time from the dial to the handshake. The first is short,
// since browsers serialise handshakes to one address: a hung one blocks its
// successor until it is given up.
func (s *Session) handshakeLimit() time.Duration {
	if s.limits.handshakes == 0 {
		return min(s.rtt.dialPatience(), s.opt.ConnectTimeout)
	}
	return s.opt.ConnectTimeout << (s.limits.handshakes - 1)
}
