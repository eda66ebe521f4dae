// Package store is the interface between a feed and its event log. The log gives
// ids, keeps events for a while and follows its own end; it knows nothing of
// connections.
//
// Every store keeps the same promise, proved by package storetest: reading on
// from an id yields each later event once and in order, or a [GapError], never
// a hole that nobody is told of. A place in a log is proved by the entry that has
// the id, or by an epoch that no restore, failover or new log can repeat; never by
// a number alone.
package store

import (
	"context"
	"time"
)

// Event is one entry of a log.
type Event struct {
	ID    ID
	Topic string
	Data  []byte    // JSON
	Time  time.Time // when it was published, by the clock of the store; zero when unknown
}

// Bounds are the ends of a log: the events that it still has come after Base and
// reach up to Top. Base and Top are equal when it has none.
type Bounds struct{ Base, Top ID }

// Store is an ordered log of events. Its methods may be called concurrently, and
// return soon after their context ends.
type Store interface {
	// Publish appends one event and returns its id when the log has it. The data
	// must be JSON and must not be changed afterwards.
	//
	// An error says what became of the event: [errors.Is] finds one of
	// [ErrNotStored], [ErrStored] and [ErrOutcomeUnknown]. With an
	// [IdempotencyKey] it is safe to publish again after any of them. With a context
	// that has ended already nothing is stored.
	Publish(ctx context.Context, topic string, data []byte, options ...PublishOption) (ID, error)

	// Bounds tells what the log holds now.
	Bounds(ctx context.Context) (Bounds, error)

	// After reads the events that follow id: at most limit of them, and at most
	// [PageBytes] of data, but one event at least. An empty page means that id is the
	// end of the log; a short one means nothing. It fails with a [GapError] when it
	// cannot prove that the first event it has is the one that followed id.
	After(ctx context.Context, id ID, limit int) ([]Event, error)

	// Follow hands every event after from to the sink as the log grows, until ctx
	// ends or the store fails; it always returns an error. From a zero id, or from
	// one that the log cannot go on from, it begins by resetting the sink to the end
	// of the log.
	//
	// While it can read the log, it calls Append at least every [FollowInterval],
	// with no events when there are none. So a sink that hears nothing for a few
	// intervals knows that the log cannot be read.
	Follow(ctx context.Context, from ID, sink Sink) error
}

// Sink is the reader's end of [Store.Follow]. Its methods are called one at a
// time and must not block for long; they must not change the events.
type Sink interface {
	// Reset says that the next events come after top, and that nothing is known
	// about events between the last one appended and top.
	Reset(top ID)
	// Append gives the next events, without holes. No events mean that the end of the
	// log was read just now, and nothing new was there.
	Append(events []Event)
	// Trim says that the log has dropped everything up to and including base.
	Trim(base ID)
}

const (
	// PageBytes is the most data that [Store.After] reads at once, unless a single
	// event is larger.
	PageBytes = 256 << 10

	// FollowInterval is the longest time between two calls of [Sink.Append] while the
	// log can be read.
	FollowInterval = time.Second
)

// PublishOptions are what a [PublishOption] sets. Stores read them with
// [NewPublishOptions].
type PublishOptions struct {
	// Key identifies the event among retries. Defaults to "": the publisher gave none.
	Key string

	keyed bool // a key was given, perhaps an empty one
}

// PublishOption is an option of [Store.Publish].
type PublishOption func(*PublishOptions)

// IdempotencyKey makes it safe to publish again when the outcome is unknown: the
// first event with a key is stored; publishing with the same key again, within
// [KeyWindow], stores nothing and returns the id of the first. Keys have 1 to
// [MaxKey] bytes and are shared by all publishers of a log.
func IdempotencyKey(key string) PublishOption {
	return func(o *PublishOptions) { o.Key = key; o.keyed = true }
}

// NewPublishOptions applies the options, and refuses a topic or a key that is not
// one with an error that is [ErrNotStored].
func NewPublishOptions(topic string, options []PublishOption) (PublishOptions, error) {
	var o PublishOptions
	for _, option := range options {
		option(&o)
	}
	err := CheckTopic(topic)
	if err == nil && o.keyed {
		err = CheckKey(o.Key)
	}
	if err != nil {
		return o, NotStored(err)
	}
	return o, nil
}

const (
	// KeyWindow is how long a log remembers an [IdempotencyKey], at least.
	KeyWindow = 2 * time.Minute
	// MaxKey is the longest idempotency key in bytes.
	MaxKey = 128
)
