package nats

import (
	"context"
	"errors"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
)

func TestEndIsLost(t *testing.T) {
	const last = 7 // of the log when its state was read
	for name, c := range map[string]struct {
		reason string
		id     uint64
		now    uint64 // what the log has last when it is asked again; 0: it must not be asked
		lost   bool
	}{
		"the log ends before the id":                  {store.Future, 9, 0, true},
		"the log has another event there":             {store.Invalid, 5, 0, true},
		"the newest event is another one":             {store.Invalid, last, 0, true},
		"the log is another one":                      {store.Epoch, last, 0, false},
		"an old event was trimmed":                    {store.Trimmed, 5, 0, false},
		"the newest event is gone":                    {store.Trimmed, last, last, true},
		"the newest event was pushed out by another":  {store.Trimmed, last, last + 1, false},
		"the newest event was pushed out by hundreds": {store.Trimmed, last, last + 300, false},
	} {
		ask := func(context.Context) (state, error) {
			if c.now == 0 {
				t.Errorf("%s: the log is asked again", name)
			}
			return state{last: c.now}, nil
		}
		lost, err := endIsLost(context.Background(), c.reason, store.ID{Major: c.id}, state{last: last}, ask)
		if lost != c.lost || err != nil {
			t.Errorf("%s: %v, %v", name, lost, err)
		}
	}
	away := errors.New("away")
	_, err := endIsLost(context.Background(), store.Trimmed, store.ID{Major: last}, state{last: last}, func(context.Context) (state, error) {
		return state{}, away
	})
	if !errors.Is(err, away) {
		t.Errorf("the log cannot be asked: %v", err)
	}
}

func TestNewerThanLost(t *testing.T) {
	for _, c := range []struct {
		brought       int
		last, logHas  uint64
		newerThanLost uint64
	}{
		{1, 10, 10, 1},  // the log has nothing after it
		{3, 10, 10, 3},  // each may be of the topic
		{1, 10, 17, 8},  // and each that the consumer has not brought yet
		{3, 10, 17, 10}, // both
	} {
		if n := newerThanLost(c.brought, c.last, c.logHas); n != c.newerThanLost {
			t.Errorf("%d brought up to %d, the log has %d: %d, want %d", c.brought, c.last, c.logHas, n, c.newerThanLost)
		}
	}
}

// What the leader of a cluster does not have yet is not handed on.
func TestHeldBy(t *testing.T) {
	for _, c := range []struct {
		epoch string
		last  uint64
		held  int
	}{
		{"e", 9, 3},
		{"e", 7, 3},
		{"e", 6, 2},
		{"e", 4, 0},
		{"another", 9, 0},
	} {
		var events []store.Event
		for n := range uint64(3) {
			events = append(events, store.Event{ID: store.ID{Epoch: "e", Major: 5 + n}})
		}
		if held := heldBy(state{epoch: c.epoch, last: c.last}, events); len(held) != c.held {
			t.Errorf("a log of the epoch %s that ends with %d holds %d of the events 5 to 7, want %d", c.epoch, c.last, len(held), c.held)
		}
	}
}
