package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/internal/batch"
)

// Publish appends one event. What several publishers want at the same time is
// committed together: a commit that notifies takes a lock of the whole server, so a
// few large ones are worth many small ones.
func (s *Store) Publish(ctx context.Context, topic string, data []byte, options ...store.PublishOption) (store.ID, error) {
	return s.batcher.Publish(ctx, topic, data, options)
}

// commit appends a batch. When the server cannot take its data, the events go one
// by one: one that it cannot take must not fail the others.
func (s *Store) commit(ctx context.Context, items []*batch.Item) {
	topics, datas, keys := make([]string, len(items)), make([]string, len(items)), make([]string, len(items))
	for i, item := range items {
		topics[i], datas[i], keys[i] = item.Topic, string(item.Data), item.Key
	}
	limited, cancel := batch.Limit(ctx, timeout, items)
	defer cancel()
	ids, err := s.insert(limited, topics, datas, keys)
	if len(items) > 1 && errors.Is(err, store.ErrInvalidEvent) {
		for i := range items {
			s.commit(ctx, items[i:i+1])
		}
		return
	}
	s.failed(err)
	for i, item := range items {
		if item.Err = err; err == nil {
			item.ID = ids[i]
		}
	}
}

func (s *Store) insert(ctx context.Context, topics, datas, keys []string) ([]store.ID, error) {
	conn, err := s.connect(ctx)
	if err != nil {
		return nil, store.NotStored(err)
	}
	defer conn.Release()
	rows, err := conn.Query(ctx, s.sql(`select epoch, id, proof from $schema.publish_all($1::text[], $2::text[], $3::text[])`),
		s.mode, topics, datas, keys)
	if err != nil {
		return nil, outcome(err)
	}
	ids, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (store.ID, error) {
		var (
			epoch  string
			number int64
			proof  int32
		)
		err := row.Scan(&epoch, &number, &proof)
		return place(epoch, number, proof), err
	})
	if err != nil {
		return nil, outcome(err)
	}
	if len(ids) != len(topics) {
		return nil, store.Stored(fmt.Errorf("postgres: publishing: %d ids for %d events", len(ids), len(topics)))
	}
	return ids, nil
}

// outcome says what became of events whose publishing failed. An error that the
// server answers means that nothing was committed, unless it was shutting down.
func outcome(err error) error {
	wrapped := fmt.Errorf("postgres: publishing: %w", err)
	answer, answered := errors.AsType[*pgconn.PgError](err)
	switch {
	case answered && len(answer.Code) == 5:
		switch answer.Code[:2] {
		case "22", "23", "54": // data exception, constraint, limit exceeded
			return store.NotStored(fmt.Errorf("%w: %w", store.ErrInvalidEvent, wrapped))
		case "08", "57", "58", "XX": // connection, operator intervention, system, internal
			return store.OutcomeUnknown(wrapped)
		}
		return store.NotStored(wrapped)
	case pgconn.SafeToRetry(err):
		return store.NotStored(wrapped)
	}
	return store.OutcomeUnknown(wrapped)
}
