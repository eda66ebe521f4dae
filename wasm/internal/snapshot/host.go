package snapshot

import "time"

// Snapshot is a state and the position up to which it includes the events.
type Snapshot struct {
	At     string
	Data   any
	Reason string // why it was loaded
}

// Item is one event of the feed.
type Item[E any] struct {
	Event E
	ID    string // "" for none
	Size  int    // bytes that it takes while it is held
}

// Failure is a snapshot that could not be had, or that does not fit.
type Failure struct {
	Message string
	Err     error         // of the program; nil when the snapshot itself was wrong
	Attempt int           // failures in a row
	Wait    time.Duration // until it is asked for again
}

// Host does what a [Stream] asks for. None of it may call the stream before it has
// returned.
type Host[E any] interface {
	// Chooses tells whether the server sends only the newest events of some topics.
	Chooses() bool
	// Load asks the program for a snapshot; Loaded or Failed answers with the number.
	Load(number int, reason string)
	// Abort says that nobody waits for the answer any more.
	Abort()
	// Ask wants to know the feed's position: the server is to answer soon.
	Ask()
	// Resume makes the feed go on after a position, over another connection.
	Resume(at string)
	// Give hands a snapshot to the program.
	Give(Snapshot)
	// Deliver hands events to the program; Replayed says that they were held.
	Deliver(items []Item[E], replayed bool)
	// SnapshotFailed tells why there is no snapshot.
	SnapshotFailed(Failure)
}

// Limits bound what is held.
type Limits struct{ Events, Bytes int }

// DefaultLimits are those of the page.
var DefaultLimits = Limits{Events: 10_000, Bytes: 4 << 20}
