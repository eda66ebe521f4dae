// Package snapshot joins a snapshot of a state with the events after it. It is the
// logic of shim/snapshot.js in Go, by the same rules and in the same words.
//
// A [Stream] owns no clock, timer or goroutine: its [Host] does, and tells what
// happens.
package snapshot

// Reasons why a snapshot is loaded, besides the reasons of a gap.
const (
	Start    = "start"    // the feed starts without a cursor
	Overflow = "overflow" // more events came while it was loaded than are held
	Request  = "request"  // the program asked for it
)
