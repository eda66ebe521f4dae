package session

import (
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// Effect is something that the driver has to do, in the order given.
type Effect interface{ effect() }

type (
	// Dial asks for a new socket. Report URLReady or URLFailed, then Opened or Closed.
	Dial struct {
		Generation int
		After      string         // cursor to resume from, "" for none
		Fresh      bool           // the server refused the address: get a new token
		Attempt    int            // failures in a row before this dial
		Previous   *wire.Previous // how the connection before ended; nil or "" when there was none
	}
	// Abandon asks to detach from a socket, close it and forget it, in whatever
	// state it is, without waiting for its close event.
	Abandon struct {
		Generation int
		Code       int // 1000 or 4000
		Reason     string
	}
	// Ping asks to send a ping.
	Ping struct{ Generation int }
	// Deliver answers each Events.
	Deliver struct {
		Mask   []bool // for each event, whether the page gets it now
		Held   int    // so many at the end are to be kept until a Release
		Cursor string // after the events that it gets
	}
	// Release ends the keeping of held events.
	Release struct {
		Mask   []bool // for each of them, whether the page gets it
		Cursor string // after the events that it gets
	}
	// Moved says that the cursor moved without an event.
	Moved struct{ Cursor string }
	// Gap tells that events are missing for good: those after After and before
	// Earliest ("" when the log is empty).
	Gap struct{ After, Earliest, Reason string }
	// RTT is a new measure of the round trip, smoothed.
	RTT struct{ Smoothed time.Duration }
)

func (Dial) effect()    {}
func (Abandon) effect() {}
func (Ping) effect()    {}
func (Deliver) effect() {}
func (Release) effect() {}
func (Moved) effect()   {}
func (Gap) effect()     {}
func (RTT) effect()     {}
func (State) effect()   {}
