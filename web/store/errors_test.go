package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestAsGap(t *testing.T) {
	for _, test := range []struct {
		err    error
		reason string
		gap    bool
	}{
		{&GapError{Trimmed}, Trimmed, true},
		{fmt.Errorf("reading: %w", &GapError{Epoch}), Epoch, true},
		{errors.New("something else"), "", false},
		{nil, "", false},
	} {
		if reason, gap := AsGap(test.err); reason != test.reason || gap != test.gap {
			t.Errorf("%v: %q, %v", test.err, reason, gap)
		}
	}
}

func TestOutcomes(t *testing.T) {
	cause := errors.New("cause")
	outcomes := []error{ErrNotStored, ErrStored, ErrOutcomeUnknown}
	for i, err := range []error{NotStored(cause), Stored(cause), OutcomeUnknown(cause)} {
		if !errors.Is(err, cause) || !strings.Contains(err.Error(), "cause") {
			t.Errorf("%v hides its cause", err)
		}
		for k, outcome := range outcomes {
			if errors.Is(err, outcome) != (i == k) {
				t.Errorf("%v is %v", err, outcome)
			}
		}
	}
}

func TestNewPublishOptions(t *testing.T) {
	long := strings.Repeat("k", MaxKey)
	for _, test := range []struct {
		topic   string
		options []PublishOption
		key     string
		err     error
	}{
		{"cpu", nil, "", nil},
		{"cpu", []PublishOption{IdempotencyKey("a")}, "a", nil},
		{"cpu", []PublishOption{IdempotencyKey(long)}, long, nil},
		{"cpu", []PublishOption{IdempotencyKey(long + "k")}, "", ErrInvalidKey},
		{"cpu", []PublishOption{IdempotencyKey("")}, "", ErrInvalidKey},
		{"cpu", []PublishOption{IdempotencyKey("a\x00")}, "", ErrInvalidKey},
		{"", []PublishOption{IdempotencyKey("a")}, "", ErrInvalidTopic},
		{"", nil, "", ErrInvalidTopic},
		{"", []PublishOption{IdempotencyKey("")}, "", ErrInvalidTopic},
	} {
		o, err := NewPublishOptions(test.topic, test.options)
		if test.err == nil {
			if err != nil || o.Key != test.key {
				t.Errorf("%q: %q, %v", test.topic, o.Key, err)
			}
			continue
		}
		if !errors.Is(err, test.err) || !errors.Is(err, ErrNotStored) {
			t.Errorf("%q: %v, want %v", test.topic, err, test.err)
		}
	}
}
