package native

import (
	"encoding/json"
	"time"
)

// StateName is the name of a [State].
type StateName string

// The states of a client.
const (
	Connecting   StateName = "connecting"   // no connection yet
	Live         StateName = "live"         // connected, and all events so far are delivered or wait less than MaxLag
	Checking     StateName = "checking"     // connected, but the server does not answer at the moment
	Reconnecting StateName = "reconnecting" // the connection is lost, or has not caught up
	Slow         StateName = "slow"         // events wait longer than MaxLag for the callback
	Stopped      StateName = "stopped"      // closed, or the context ended
	Failed       StateName = "failed"       // an error that a retry cannot cure; Reconnect starts it again
)

// State is what a client knows about its connection.
type State struct {
	Name    StateName
	Since   time.Time // of this name
	Attempt int       // failed dials in a row
	RetryAt time.Time // of the next dial; zero when none is scheduled
	Cause   string    // why it is not live, in words; "" when live or stopped
	Err     error     // the error behind Cause; nil when there is none
	// Snapshot is what the program lacks of its snapshot, see Options.Snapshot:
	// SnapshotLoading, SnapshotFailed, or "" when it has all. While it lacks something
	// the client is not live. Where only the snapshot is missing, Attempt, RetryAt,
	// Cause and Err are those of its calls.
	Snapshot string
}

// Live reports whether the name is Live.
func (s State) Live() bool { return s.Name == Live }

// Lag is what waits for the callback.
type Lag struct {
	Events int           // that wait
	Age    time.Duration // since the oldest of them was received
}

// Event is one event.
type Event struct {
	ID       string // "" when the server gave none
	Topic    string
	Data     json.RawMessage
	Raw      json.RawMessage // the whole object as the server sent it
	Time     time.Time       // when it was published, by the server's clock; zero when not known
	Cursor   string          // position after this event, to save together with its effect
	Received time.Time
	History  bool // it is an earlier event that AddTopics or History asked for, and moves no cursor
	Skipped  int  // how many events of its topic were passed over for it, see Options.Latest
}

// Gap says that events are missing for good: those after After and before
// Earliest.
type Gap struct {
	After    string // cursor of this client
	Earliest string // oldest event that the server still has; "" for none
	Reason   string // one of wire.GapReasons, or "unknown"
}
