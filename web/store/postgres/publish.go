package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wakesocket/wakesocket/web/store"
)

const (
	queueLength = 1024 // events that wait for a commit; more publishers wait outside
	batchEvents = 256  // events a commit
	batchBytes  = 4 << 20
)

// request is one event on its way into the log.
type request struct {
	topic  string
	data   []byte
	answer chan answer
}

type answer struct {
	id  store.ID
	err error
}

var errClosed = errors.New("postgres: closed")

// Publish appends one event. What several publishers want at the same time is
// committed together: a commit that notifies takes a lock of the whole server, so a
// few large ones are worth many small ones. When the answer is lost with the connection,
// Publish fails although the event may appear.
func (s *Store) Publish(ctx context.Context, topic string, data []byte) (store.ID, error) {
	if err := store.CheckTopic(topic); err != nil {
		return store.ID{}, err
	}
	r := &request{topic, data, make(chan answer, 1)}
	select {
	case s.queue <- r:
	case <-ctx.Done():
		return store.ID{}, ctx.Err()
	case <-s.closed:
		return store.ID{}, errClosed
	}
	select {
	case a := <-r.answer:
		return a.id, a.err
	case <-ctx.Done():
		return store.ID{}, ctx.Err()
	case <-s.closed:
		return store.ID{}, errClosed
	}
}

// commit takes what has gathered while the commit before it was under way: no
// event waits for others, and under load the batches are large.
func (s *Store) commit(ctx context.Context) {
	for {
		select {
		case r := <-s.queue:
			s.publish(ctx, s.gather(r))
		case <-ctx.Done():
			return // Publish looks at closed too
		}
	}
}

func (s *Store) gather(first *request) []*request {
	batch, size := []*request{first}, len(first.data)
	for len(batch) < batchEvents && size < batchBytes {
		select {
		case r := <-s.queue:
			batch = append(batch, r)
			size += len(r.data)
		default:
			return batch
		}
	}
	return batch
}

// publish appends a batch and answers each of its requests. When the server
// refuses a batch, the events go one by one: one that it cannot take must not fail
// the others.
func (s *Store) publish(ctx context.Context, batch []*request) {
	topics, datas := make([]string, len(batch)), make([][]byte, len(batch))
	for i, r := range batch {
		topics[i], datas[i] = r.topic, r.data
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var (
		epoch string
		top   int64
	)
	err := s.pool.QueryRow(limited, s.sql(`select epoch, top from $schema.publish_all($1, $2::json[])`), topics, datas).Scan(&epoch, &top)
	if len(batch) > 1 && unacceptable(err) {
		for _, r := range batch {
			s.publish(ctx, []*request{r})
		}
		return
	}
	if err != nil {
		err = fmt.Errorf("postgres: publishing: %w", err)
	}
	for i, r := range batch {
		r.answer <- answer{store.ID{Epoch: epoch, Major: uint64(top) - uint64(len(batch)-1-i)}, err}
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
