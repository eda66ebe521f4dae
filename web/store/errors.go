package store

import (
	"errors"
	"fmt"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// Reasons of a [GapError]; package wire has the same words for clients.
const (
	Trimmed = "trimmed" // the log no longer reaches back that far
	Epoch   = "epoch"   // the id belongs to another epoch of the log
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

// What became of an event whose Publish failed.
var (
	// ErrNotStored says that the log does not have the event and never will.
	ErrNotStored = errors.New("the event was not stored")
	// ErrStored says that the log has the event, but its id could not be read.
	ErrStored = errors.New("the event was stored, but its id is unknown")
	// ErrOutcomeUnknown says that the log may have the event or get it later: the
	// answer was lost. Publish again with the same [IdempotencyKey].
	ErrOutcomeUnknown = errors.New("it is unknown whether the event was stored")
)

// NotStored marks the error of an event that the log certainly does not have.
func NotStored(err error) error { return fmt.Errorf("%w: %w", ErrNotStored, err) }

// Stored marks the error of an event that the log certainly has.
func Stored(err error) error { return fmt.Errorf("%w: %w", ErrStored, err) }

// OutcomeUnknown marks the error of an event that the log may have.
func OutcomeUnknown(err error) error { return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err) }

var (
	// ErrClosed is what the methods of a closed store fail with.
	ErrClosed = errors.New("store: closed")
	// ErrInvalidTopic is what [CheckTopic] fails with.
	ErrInvalidTopic = errors.New("store: invalid topic")
	// ErrInvalidKey is what [CheckKey] fails with.
	ErrInvalidKey = errors.New("store: invalid idempotency key")
	// ErrInvalidEvent says that the log refuses the data of an event, for instance
	// because they are not JSON.
	ErrInvalidEvent = errors.New("store: invalid event")
)

// MaxTopic is the longest topic in bytes.
const MaxTopic = 128

// CheckTopic refuses topics that [CheckName] refuses, and those that no client could
// ask for, since their name is a pattern or looks like one: with a "*" in it, ">",
// or with ".>" at the end.
func CheckTopic(topic string) error {
	if err := CheckName(topic); err != nil {
		return err
	}
	if wire.IsPattern(topic) || wire.CheckName(topic) != nil {
		return fmt.Errorf("%w: %q looks like a pattern of topics, so that no client could ask for it alone", ErrInvalidTopic, topic)
	}
	return nil
}

// CheckName refuses names, of topics or patterns of topics, that are empty, longer
// than [MaxTopic], not UTF-8, or that hold control characters.
func CheckName(name string) error { return check(ErrInvalidTopic, name, MaxTopic) }

// CheckKey refuses idempotency keys that are empty, longer than [MaxKey], not
// UTF-8, or that hold control characters.
func CheckKey(key string) error { return check(ErrInvalidKey, key, MaxKey) }

func check(invalid error, text string, most int) error {
	if text == "" || len(text) > most {
		return fmt.Errorf("%w: it has %d bytes; 1 to %d are allowed", invalid, len(text), most)
	}
	for _, r := range text {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return fmt.Errorf("%w: %q holds a control character or is not UTF-8", invalid, text)
		}
	}
	return nil
}
