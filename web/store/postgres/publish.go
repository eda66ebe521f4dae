package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/internal/batch"
)

// Publish appends one event. What several publishers want at the same time is
// committed together: a commit that notifies takes a lock of the whole server, so a
// few large ones are worth many small ones. When the answer is lost with the
// connection, Publish fails although the event may appear.
func (s *Store) Publish(ctx context.Context, topic string, data []byte, options ...store.PublishOption) (store.ID, error) {
	return s.batcher.Publish(ctx, topic, data, options)
}

// commit appends a batch. When the server refuses it, the events go one by one:
// one that it cannot take must not fail the others.
func (s *Store) commit(ctx context.Context, items []*batch.Item) {
	topics, datas := make([]string, len(items)), make([][]byte, len(items))
	for i, item := range items {
		topics[i], datas[i] = item.Topic, item.Data
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var (
		epoch string
		top   int64
	)
	err := s.pool.QueryRow(limited, s.sql(`select epoch, top from $schema.publish_all($1, $2::json[])`), topics, datas).Scan(&epoch, &top)
	if len(items) > 1 && unacceptable(err) {
		for i := range items {
			s.commit(ctx, items[i:i+1])
		}
		return
	}
	if err != nil {
		s.failed(err)
		err = fmt.Errorf("postgres: publishing: %w", err)
	}
	for i, item := range items {
		item.ID, item.Err = store.ID{Epoch: epoch, Major: uint64(top) - uint64(len(items)-1-i)}, err
	}
}

// unacceptable reports that the server could not take the data, and so has
// committed nothing. Of other errors one cannot be sure.
func unacceptable(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || len(refused.Code) != 5 {
		return false
	}
	switch refused.Code[:2] {
	case "22", "23", "54": // data exception, constraint, limit exceeded
		return true
	}
	return false
}
