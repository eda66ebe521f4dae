package nats

import (
	"context"
	"errors"

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
	epoch, err := s.currentEpoch(limited)
	if err != nil {
		fail(store.NotStored(err))
		return
	}
	s.send(limited, epoch, items)
}

// currentEpoch also makes the stream. The server is asked each time, unless nobody
// else can change the stream.
func (s *Store) currentEpoch(ctx context.Context) (string, error) {
	s.mu.Lock()
	epoch := s.epoch
	s.mu.Unlock()
	if epoch != "" {
		return epoch, nil
	}
	state, err := s.state(ctx)
	if err == nil && s.files != nil {
		s.mu.Lock()
		s.epoch = state.epoch
		s.mu.Unlock()
	}
	return state.epoch, err
}

// send publishes the items and answers each.
func (s *Store) send(ctx context.Context, epoch string, items []*batch.Item) {
	acks, ended := s.sender.send(ctx, items)
	for n, item := range items {
		switch a := acks[n]; {
		case a.err != nil:
			item.Err = outcome(a.err)
		case a.sequence == 0:
			item.Err = store.OutcomeUnknown(explain("publishing", ended))
		default:
			item.ID, item.Err = s.place(ctx, epoch, item, a)
		}
	}
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
