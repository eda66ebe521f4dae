package nats

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/wakesocket/wakesocket/web/store"
)

// An event is known not to be stored when the server has refused it, or when it never
// left. Of everything else nobody knows.
func TestOutcome(t *testing.T) {
	for _, c := range []struct {
		err, want error
	}{
		{&jetstream.APIError{Code: 400}, store.ErrNotStored},
		{notSent{nats.ErrMaxPayload}, store.ErrNotStored},
		{nats.ErrNoResponders, store.ErrNotStored},
		{jetstream.ErrNoStreamResponse, store.ErrNotStored},
		{jetstream.ErrInvalidJSAck, store.ErrOutcomeUnknown},
		{nats.ErrDisconnected, store.ErrOutcomeUnknown},
		{context.DeadlineExceeded, store.ErrOutcomeUnknown},
	} {
		for _, err := range []error{c.err, fmt.Errorf("wrapped: %w", c.err)} {
			if got := outcome(err); !errors.Is(got, c.want) || !errors.Is(got, c.err) {
				t.Errorf("%v: %v, want %v", err, got, c.want)
			}
		}
	}
}

// The event of an idempotency key may have left the log: it was stored, and has no place
// any more.
func TestKeyOfTrimmedEvent(t *testing.T) {
	t.Parallel()
	s := openQuick(t, Options{Events: 2})
	publish := func(data string, options ...store.PublishOption) (store.ID, error) {
		return s.Publish(t.Context(), "a", []byte(data), options...)
	}
	first, err := publish("1", store.IdempotencyKey("k"))
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{"1", "2"} {
		if again, err := publish(data, store.IdempotencyKey("k")); err != nil || again != first {
			t.Errorf("%s again: %v, %v; want %v", data, again, err, first)
		}
	}
	for range 3 {
		if _, err := publish("3"); err != nil {
			t.Fatal(err)
		}
	}
	if again, err := publish("1", store.IdempotencyKey("k")); !errors.Is(err, store.ErrStored) {
		t.Errorf("when it is trimmed: %v, %v", again, err)
	}
}
