// Package postgres is an event log in a PostgreSQL table (version 12 or newer).
// Any program can publish, also inside of a transaction of its own:
//
//	select wakesocket.publish('cpu', '{"load": 0.7}');
//
// Ids come from a counter row and so have no holes and appear in order: reading on
// from an id is exact when the next event's number is one higher. NOTIFY is only a wake-up;
// the table is the truth.
//
// The connection must be a direct one, or through a pooler in session mode: LISTEN
// is lost in transaction mode.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/internal/batch"
)

// Options of a log.
type Options struct {
	Schema string        // that holds the tables and functions; "wakesocket" when ""
	Events int           // how many events to keep; 10,000 when 0
	Age    time.Duration // how long to keep an event; 0 is for ever
}

// Store is a log in PostgreSQL.
type Store struct {
	options Options
	pool    *pgxpool.Pool
	batcher *batch.Batcher

	mu       sync.Mutex
	migrated bool
}

var _ store.Store = (*Store)(nil)

const (
	timeout   = 5 * time.Second // for one answer
	poll      = time.Second     // longest wait for a NOTIFY; also finds dead connections
	farewell  = time.Second     // for the server to answer a close
	pageSize  = 1000            // events a read of the follower
	trimBatch = 1000            // events a transaction
)

var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// Open returns the log at a postgres:// URL, and makes its schema when it is
// first used. It does not connect: while the database is away, the methods fail
// and Follow is to be tried again.
func Open(url string, options Options) (*Store, error) {
	if options.Schema == "" {
		options.Schema = "wakesocket"
	}
	if !schemaName.MatchString(options.Schema) {
		return nil, fmt.Errorf("postgres: %q is not a plain name for a schema", options.Schema)
	}
	if options.Events <= 0 {
		options.Events = 10_000
	}
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = timeout
	}
	s := &Store{options: options}
	config.AfterConnect = s.prepare
	if s.pool, err = pgxpool.NewWithConfig(context.Background(), config); err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	s.batcher = batch.New(s.commit)
	return s, nil
}

// Close ends the connections to the database; what is being published fails.
// Connections that do not answer are left to end by themselves.
func (s *Store) Close() error {
	s.batcher.Close()
	closed := make(chan struct{})
	go func() {
		s.pool.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(farewell):
	}
	return nil
}

// prepare makes the schema with the first connection.
func (s *Store) prepare(ctx context.Context, conn *pgx.Conn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.migrated {
		return nil
	}
	if err := s.migrate(ctx, conn); err != nil {
		return err
	}
	s.migrated = true
	return nil
}

// Bounds tells what the log holds.
func (s *Store) Bounds(ctx context.Context) (store.Bounds, error) {
	state, err := s.look(ctx, s.pool, 0, 0)
	s.failed(err)
	return state.Bounds, err
}

// After reads events behind id.
func (s *Store) After(ctx context.Context, id store.ID, limit int) ([]store.Event, error) {
	state, err := s.look(ctx, s.pool, id.Major, limit)
	if err != nil {
		s.failed(err)
		return nil, err
	}
	return state.after(id)
}

// Follow listens first and reads then, so that no wake-up falls between.
func (s *Store) Follow(ctx context.Context, from store.ID, sink store.Sink) error {
	err := s.follow(ctx, from, sink)
	if ctx.Err() == nil {
		s.failed(err)
	}
	return err
}

// failed lets all connections go when one failed without a word of the server: a
// firewall that has forgotten one has forgotten all of them.
func (s *Store) failed(err error) {
	if _, answered := errors.AsType[*pgconn.PgError](err); err != nil && !answered {
		s.pool.Reset()
	}
}

func (s *Store) follow(ctx context.Context, from store.ID, sink store.Sink) error {
	pooled, err := s.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	conn := pooled.Hijack() // it listens: it is of no use to others
	defer func() {
		closing, cancel := context.WithTimeout(context.Background(), farewell)
		defer cancel()
		conn.Close(closing)
	}()
	if _, err := conn.Exec(ctx, s.sql(`listen $schema`)); err != nil {
		return fmt.Errorf("postgres: LISTEN: %w", err)
	}
	var base store.ID
	trimmed := time.Time{}
	for {
		state, err := s.lookSoon(ctx, conn, from.Major)
		if err != nil {
			return err
		}
		events, err := state.after(from)
		if reason, gap := store.AsGap(err); gap {
			if reason == store.Future {
				// The end of the log was lost. Whoever holds a lost id must not take a later
				// event for the next one.
				if state, err = s.renew(ctx, conn, from); err != nil {
					return err
				}
			}
			from = state.Top
			sink.Reset(from)
			continue
		}
		if len(events) > 0 {
			from = events[len(events)-1].ID
			sink.Append(events)
		}
		if state.Base != base {
			base = state.Base
			sink.Trim(base)
		}
		if time.Since(trimmed) > poll {
			if err := s.trim(ctx, conn); err != nil {
				return err
			}
			trimmed = time.Now()
		}
		if len(events) == 0 {
			if err := wait(ctx, conn); err != nil {
				return err
			}
		}
	}
}

// lookSoon is look with a time limit: a connection that a firewall has forgotten
// gives no error, it just never answers.
func (s *Store) lookSoon(ctx context.Context, conn *pgx.Conn, after uint64) (state, error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return s.look(limited, conn, after, pageSize)
}

// wait returns at the next NOTIFY, or after a while: a NOTIFY that got lost costs
// no more than that.
func wait(ctx context.Context, conn *pgx.Conn) error {
	limited, cancel := context.WithTimeout(ctx, poll)
	defer cancel()
	_, err := conn.WaitForNotification(limited)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("postgres: LISTEN: %w", err)
	}
	return ctx.Err()
}

// renew gives the log another epoch, once for all processes that find its end lost.
func (s *Store) renew(ctx context.Context, conn *pgx.Conn, lost store.ID) (state, error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err := conn.Exec(limited, s.sql(`update $schema.log set epoch = substr($3, 1, 8)
		where $schema.epoch(epoch) = $1 and top < $2`), lost.Epoch, int64(lost.Major), store.NewEpoch())
	if err != nil {
		return state{}, fmt.Errorf("postgres: the epoch cannot be renewed: %w", err)
	}
	return s.look(limited, conn, 0, 0)
}

// trim deletes what need not be kept, in small transactions.
func (s *Store) trim(ctx context.Context, conn *pgx.Conn) error {
	var age *time.Duration
	if s.options.Age > 0 {
		age = &s.options.Age
	}
	for {
		limited, cancel := context.WithTimeout(ctx, timeout)
		var deleted int64
		err := conn.QueryRow(limited, s.sql(`select $schema.trim($1, $2, $3)`), s.options.Events, age, trimBatch).Scan(&deleted)
		cancel()
		if err != nil {
			return fmt.Errorf("postgres: trimming: %w", err)
		}
		if deleted < trimBatch {
			return nil
		}
	}
}
