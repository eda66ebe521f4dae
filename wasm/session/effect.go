package session

import "time"

// Effect is something that the driver has to do, in the order given.
type Effect interface{ effect() }

type (
	// Dial asks for a new socket. Report URLReady or URLFailed, then Opened or Closed.
	Dial struct {
		Gen     int
		After   string // cursor to resume from, "" for none
		Fresh   bool   // the address was refused: get a new token
		Attempt int    // failures in a row before this dial
		Was     *Loss  // how the last connection ended; nil for the first
	}
	// Abandon asks to detach from a socket, close it and forget it, in whatever
	// state it is, without waiting for its close event.
	Abandon struct {
		Gen    int
		Code   int // 1000 or 4000
		Reason string
	}
	// Ping asks to send a ping.
	Ping struct{ Gen int }
	// Deliver answers Events when some must be withheld; Mask has one entry an
	// event. Without it, all are delivered.
	Deliver struct{ Mask []bool }
	// Gap tells that events are missing for good: those between After and
	// Earliest ("" when the log is empty).
	Gap struct{ After, Earliest, Reason string }
	// RTT is a new measure of the round trip, smoothed.
	RTT struct{ Smoothed time.Duration }
)

// Loss is how a connection ended, seen from here.
type Loss struct {
	Cause Cause
	Up    time.Duration // from its opening to its last sign of life
	Down  time.Duration // from its last sign of life to the dial, sleep included
}

// Codes of [Abandon].
const (
	codeNormal    = 1000
	codeAbandoned = 4000
)

func (Dial) effect()    {}
func (Abandon) effect() {}
func (Ping) effect()    {}
func (Deliver) effect() {}
func (Gap) effect()     {}
func (RTT) effect()     {}
func (State) effect()   {}
