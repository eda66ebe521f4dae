package session

import (
	"errors"
	"strconv"
	"time"
)

// Options tune a session. Start from [Defaults]; the zero value is refused.
type Options struct {
	// Heartbeat is the time between pings. 0 sends none, and then silence goes
	// unnoticed. Defaults to 25 s.
	Heartbeat time.Duration
	// HeartbeatTimeout is how long a ping may go unanswered before the connection
	// is given up. Defaults to 10 s.
	HeartbeatTimeout time.Duration
	// VisibleHeartbeat is the quiet time before a ping while the page is visible.
	// Defaults to 5 s.
	VisibleHeartbeat time.Duration
	// ChallengeAfter is how long a ping may go unanswered before a second socket
	// is dialed beside the first. Defaults to 2 s.
	ChallengeAfter time.Duration
	// MinReconnectDelay is the upper bound of the first retry delay. Each failure
	// doubles it. Defaults to 1 s.
	MinReconnectDelay time.Duration
	// MaxReconnectDelay is the upper bound of every retry delay. Defaults to 30 s.
	MaxReconnectDelay time.Duration
	// MinUptime is how long a connection must live before earlier failures are
	// forgotten. Defaults to 5 s.
	MinUptime time.Duration
	// ConnectTimeout is how long a connection may take to open. It doubles, up to
	// four times as long, while dials keep timing out. Defaults to 5 s.
	ConnectTimeout time.Duration
	// FirstRetryWindow is the window over which the first retry after a loss is
	// spread when the server named none. Defaults to 1 s.
	FirstRetryWindow time.Duration
	// After is the cursor to resume from. Defaults to "", the present.
	After string
	// ConsecutiveIDs says that the ids of a plain server count up by one, so that a
	// jump is a gap. Defaults to false.
	ConsecutiveIDs bool
	// Visible says whether somebody looks at the page. Defaults to true.
	Visible bool
	// Online says what the browser believes of its network. Defaults to true.
	Online bool
}

// Defaults returns the options that the documentation states.
func Defaults() Options {
	return Options{
		Heartbeat:         25 * time.Second,
		HeartbeatTimeout:  10 * time.Second,
		VisibleHeartbeat:  5 * time.Second,
		ChallengeAfter:    2 * time.Second,
		MinReconnectDelay: time.Second,
		MaxReconnectDelay: 30 * time.Second,
		MinUptime:         5 * time.Second,
		ConnectTimeout:    5 * time.Second,
		FirstRetryWindow:  time.Second,
		Visible:           true,
		Online:            true,
	}
}

const (
	minOption = 50 * time.Millisecond
	maxOption = 24 * time.Hour
)

// validate names the first option that cannot work, and what would.
func (o Options) validate() error {
	for _, d := range []struct {
		name   string
		value  time.Duration
		zeroOK bool // zero has a meaning of its own
	}{
		{"heartbeat", o.Heartbeat, true},
		{"heartbeatTimeout", o.HeartbeatTimeout, false},
		{"visibleHeartbeat", o.VisibleHeartbeat, false},
		{"challengeAfter", o.ChallengeAfter, false},
		{"minReconnectDelay", o.MinReconnectDelay, false},
		{"maxReconnectDelay", o.MaxReconnectDelay, false},
		{"minUptime", o.MinUptime, true},
		{"connectTimeout", o.ConnectTimeout, false},
		{"firstRetryWindow", o.FirstRetryWindow, true},
	} {
		if d.value == 0 && d.zeroOK {
			continue
		}
		if d.value < minOption || d.value > maxOption {
			return errors.New("option " + d.name + " is " + inMs(d.value) + "; use " + inMs(minOption) + " to " + inMs(maxOption))
		}
	}
	if o.MaxReconnectDelay < o.MinReconnectDelay {
		return errors.New("option maxReconnectDelay is " + inMs(o.MaxReconnectDelay) + ", below minReconnectDelay (" + inMs(o.MinReconnectDelay) + "); raise the one or lower the other")
	}
	if o.ChallengeAfter > o.HeartbeatTimeout {
		return errors.New("option challengeAfter is " + inMs(o.ChallengeAfter) + ", above heartbeatTimeout (" + inMs(o.HeartbeatTimeout) + "); lower it, so that a second socket is dialed before the first is given up")
	}
	return nil
}

func inMs(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) + " ms" }
