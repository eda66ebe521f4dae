package session

import (
	"fmt"
	"time"
)

// Options tune a session. Start from [Defaults].
type Options struct {
	Heartbeat   time.Duration // between pings, 25 s; 0 sends none, and then silence goes unnoticed
	Timeout     time.Duration // an unanswered ping ends the connection, 10 s
	Attentive   time.Duration // quiet time before a ping while the page is visible, 5 s
	Suspect     time.Duration // an unanswered ping starts a second socket, 2 s
	BackoffBase time.Duration // upper bound of the first wait, doubled by each failure, 1 s
	BackoffCap  time.Duration // upper bound of every wait, 30 s
	MinUptime   time.Duration // proven life after which failures are forgotten, 5 s
	DialTimeout time.Duration // for a connection to open, 5 s; doubled while dials keep hanging
	Spread      time.Duration // window of the first retry when the server named none, 1 s
	After       string        // cursor to start from, "" for the present
	Visible     bool          // somebody looks at the page, true
	Online      bool          // the browser believes in its network, true
}

// Defaults returns the options that the documentation states.
func Defaults() Options {
	return Options{
		Heartbeat:   25 * time.Second,
		Timeout:     10 * time.Second,
		Attentive:   5 * time.Second,
		Suspect:     2 * time.Second,
		BackoffBase: time.Second,
		BackoffCap:  30 * time.Second,
		MinUptime:   5 * time.Second,
		DialTimeout: 5 * time.Second,
		Spread:      time.Second,
		Visible:     true,
		Online:      true,
	}
}

const (
	shortest = 50 * time.Millisecond
	longest  = 24 * time.Hour
)

// validate names the first option that cannot work, and what would.
func (o Options) validate() error {
	for _, d := range []struct {
		name   string
		value  time.Duration
		zeroOK bool // zero has a meaning of its own
	}{
		{"heartbeat", o.Heartbeat, true},
		{"timeout", o.Timeout, false},
		{"attentive", o.Attentive, false},
		{"suspect", o.Suspect, false},
		{"backoffBase", o.BackoffBase, false},
		{"backoffCap", o.BackoffCap, false},
		{"minUptime", o.MinUptime, true},
		{"dialTimeout", o.DialTimeout, false},
		{"spread", o.Spread, true},
	} {
		if d.value == 0 && d.zeroOK {
			continue
		}
		if d.value < shortest || d.value > longest {
			return fmt.Errorf("option %s is %d ms; use %d ms to %d ms", d.name, d.value.Milliseconds(), shortest.Milliseconds(), longest.Milliseconds())
		}
	}
	if o.BackoffCap < o.BackoffBase {
		return fmt.Errorf("option backoffCap is %d ms, below backoffBase (%d ms); raise the cap or lower the base", o.BackoffCap.Milliseconds(), o.BackoffBase.Milliseconds())
	}
	if o.Suspect > o.Timeout {
		return fmt.Errorf("option suspect is %d ms, above timeout (%d ms); a suspicion comes before the end", o.Suspect.Milliseconds(), o.Timeout.Milliseconds())
	}
	return nil
}
