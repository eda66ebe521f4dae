package nats

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/internal/batch"
)

// Publish appends one event. What several publishers want at the same time is sent
// without waiting for each answer, and in a directory it is synced to disk together.
// The idempotency key is the message's Nats-Msg-Id.
func (s *Store) Publish(ctx context.Context, topic string, data []byte, options ...store.PublishOption) (store.ID, error) {
	return s.batcher.Publish(ctx, topic, data, options)
}

func (s *Store) commit(ctx context.Context, items []*batch.Item) {
	limited, cancel := batch.Limit(ctx, timeout, items)
	defer cancel()
	fail := func(err error) {
		for _, item := range items {
			item.Err = err
		}
	}
	if s.files != nil {
		if err := s.files.broken(); err != nil {
			fail(store.NotStored(explain("publishing", err)))
			return
		}
	}
	if known, fresh := s.recall(); known.epoch != "" {
		if items = s.send(limited, known, fresh, items); len(items) == 0 {
			return
		} // else the stream was deleted
	}
	state, err := s.state(limited) // makes the stream if there is none
	if err != nil {
		fail(store.NotStored(err))
		return
	}
	s.send(limited, known{epoch: state.epoch, last: state.last}, true, items)
}

// send publishes the items, answers each, and returns those that no stream wanted. When
// what is known is not fresh, the server is asked meanwhile.
func (s *Store) send(ctx context.Context, known known, fresh bool, items []*batch.Item) (unwanted []*batch.Item) {
	told := func() (state, error) { return state{epoch: known.epoch}, nil }
	if !fresh {
		told = s.beside(ctx)
	}
	acks, ended := s.sender.send(ctx, items)
	if slices.ContainsFunc(acks, func(a ack) bool { return !a.duplicate && a.sequence != 0 && a.sequence <= known.last }) {
		told = s.beside(ctx) // the stream has begun again
	}
	found, err := told()
	if found.epoch == known.epoch {
		s.grown(known.epoch, slices.MaxFunc(acks, func(a, b ack) int { return cmp.Compare(a.sequence, b.sequence) }).sequence)
	}
	if slices.ContainsFunc(acks, func(a ack) bool { return a.err != nil || a.sequence == 0 }) {
		defer s.forget()
	}
	for n, item := range items {
		switch a := acks[n]; {
		case a.err != nil:
			item.Err = outcome(a.err)
			if errors.Is(a.err, jetstream.ErrNoStreamResponse) {
				unwanted = append(unwanted, item)
			}
		case a.sequence == 0:
			item.Err = store.OutcomeUnknown(explain("publishing", ended))
		case err != nil:
			item.Err = store.Stored(err)
		default:
			item.ID, item.Err = s.place(ctx, found.epoch, item, a)
		}
	}
	return unwanted
}

// place is the id of an event that the stream has. Of one that it had already, the
// data may differ from the item's.
func (s *Store) place(ctx context.Context, epoch string, item *batch.Item, a ack) (store.ID, error) {
	id := store.ID{Epoch: epoch, Major: a.sequence, Minor: checksum(subject(s.options.Stream, item.Topic), item.Data)}
	if !a.duplicate {
		return id, nil
	}
	first, err := s.batch(ctx, state{last: a.sequence}, a.sequence, 1)
	if err == nil && first[0].sequence != a.sequence {
		err = errors.New("nats: the first event with this key has been trimmed")
	}
	if err != nil {
		return store.ID{}, store.Stored(err)
	}
	id.Minor = first[0].sum
	return id, nil
}

// outcome says what became of an event whose publishing failed.
func outcome(err error) error {
	explained := explain("publishing", err)
	_, answered := errors.AsType[*jetstream.APIError](err)
	_, unsent := errors.AsType[notSent](err)
	if answered || unsent || errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse) {
		return store.NotStored(explained)
	}
	return store.OutcomeUnknown(explained)
}
