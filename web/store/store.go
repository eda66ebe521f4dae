// Package store is what a feed needs of an event log. The log gives ids, keeps
// events for a while and follows its own end; it knows nothing of connections.
//
// Every store keeps the same promise, proved by package storetest: reading on
// from an id yields each later event once and in order, or a [GapError], never
// a hole that nobody is told of.
package store

import (
	"context"
	"errors"
	"fmt"
)

// Event is one entry of a log.
type Event struct {
	ID    ID
	Topic string
	Data  []byte // JSON
}

// Bounds are the ends of a log: the events that it still has lie behind Base and
// reach up to Top. Base and Top are equal when it has none.
type Bounds struct{ Base, Top ID }

// Store is an ordered log of events. Its methods may be called concurrently.
type Store interface {
	// Publish appends one event and returns its id when the log has it. The data
	// must be JSON and must not be changed afterwards.
	Publish(ctx context.Context, topic string, data []byte) (ID, error)

	// Bounds tells what the log holds now.
	Bounds(ctx context.Context) (Bounds, error)

	// After reads the events right behind id, at most limit of them; none means
	// that id is the end of the log. It fails with a [GapError] when it cannot prove
	// that the first event it has is the one that followed id.
	After(ctx context.Context, id ID, limit int) ([]Event, error)

	// Follow hands every event behind from to the sink as the log grows, until ctx
	// ends or the store fails; it always returns an error. From a zero id, or from
	// one that the log cannot go on from, it begins by resetting the sink to the end
	// of the log.
	Follow(ctx context.Context, from ID, sink Sink) error
}

// Sink is the reader's end of [Store.Follow]. Its methods are called one at a
// time and must not block for long; they must not change the events.
type Sink interface {
	// Reset says that what follows comes behind top, and that nothing is known
	// about events between the last one told and top.
	Reset(top ID)
	// Append gives the next events, without holes.
	Append(events []Event)
	// Trim says that the log has dropped everything up to and including base.
	Trim(base ID)
}

// Reasons of a [GapError]; package wire has the same words for clients.
const (
	Trimmed = "trimmed" // the log no longer reaches back that far
	Epoch   = "epoch"   // the id belongs to another life of the log
	Future  = "future"  // the id is newer than the log
	Invalid = "invalid" // the log never gave out this id
)

// GapError says that a log cannot be read on from an id without a hole.
type GapError struct{ Reason string }

func (e *GapError) Error() string { return "store: gap: " + e.Reason }

// AsGap returns the reason when err is a gap.
func AsGap(err error) (reason string, ok bool) {
	gap, ok := errors.AsType[*GapError](err)
	if !ok {
		return "", false
	}
	return gap.Reason, true
}

// MaxTopic is the longest topic in bytes.
const MaxTopic = 128

// CheckTopic refuses topics that are empty, too long, or hold control bytes.
func CheckTopic(topic string) error {
	if topic == "" || len(topic) > MaxTopic {
		return fmt.Errorf("store: a topic has 1 to %d bytes, this one has %d", MaxTopic, len(topic))
	}
	for _, r := range topic {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return fmt.Errorf("store: topic %q holds a control character or is not UTF-8", topic)
		}
	}
	return nil
}
