package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wakesocket/wakesocket/web/store"
)

const (
	poll       = store.FollowInterval * 3 / 4 // longest wait for a NOTIFY
	pooledPoll = 100 * time.Millisecond       // behind a pooler, where a NOTIFY may get lost
	pageEvents = 1000
	trimEvery  = time.Second
	trimBatch  = 1000 // events a transaction
)

// Follow listens first and reads then, so that no wake-up falls between.
func (s *Store) Follow(ctx context.Context, from store.ID, sink store.Sink) error {
	following, cancel := context.WithCancelCause(ctx)
	trimmed := make(chan struct{})
	go func() {
		defer close(trimmed)
		cancel(s.trim(following))
	}()
	err := s.follow(following, from, sink)
	if cause := context.Cause(following); ctx.Err() == nil && cause != nil {
		err = cause
	}
	cancel(nil)
	<-trimmed
	if ctx.Err() == nil {
		s.failed(err)
	}
	return err
}

func (s *Store) follow(ctx context.Context, from store.ID, sink store.Sink) error {
	pooled, err := s.connect(ctx)
	if err != nil {
		return err
	}
	conn := pooled.Hijack() // it listens: it is of no use to others
	defer func() {
		closing, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		conn.Close(closing)
	}()
	wait, err := s.listen(ctx, conn)
	if err != nil {
		return err
	}
	var base store.ID
	for {
		snapshot, err := s.readInTime(ctx, conn, from, pageEvents)
		if err != nil {
			return err
		}
		events, err := snapshot.after(from)
		if reason, gap := store.AsGap(err); gap {
			if reason == store.Future || reason == store.Invalid || snapshot.Top.Minor == 0 {
				// The end of the log was lost. Whoever holds a lost id must not take a later
				// event for the next one.
				if snapshot, err = s.renewEpoch(ctx, conn, from); err != nil {
					return err
				}
			}
			from = snapshot.Top
			sink.Reset(from)
			continue
		}
		if len(events) > 0 {
			from = events[len(events)-1].ID
		}
		sink.Append(events)
		if snapshot.Base != base {
			base = snapshot.Base
			sink.Trim(base)
		}
		if len(events) == 0 {
			if err := wait(ctx); err != nil {
				return err
			}
		}
	}
}

// readInTime is read with a time limit: a connection that a firewall has forgotten
// gives no error, it just never answers.
func (s *Store) readInTime(ctx context.Context, conn *pgx.Conn, from store.ID, limit int) (snapshot, error) {
	_, timeout := s.pages.Limits()
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return s.read(limited, conn, from, limit)
}

// listen returns a function that waits for news. Behind a pooler it is just a
// pause: LISTEN would stay with a connection that serves others by then.
func (s *Store) listen(ctx context.Context, conn *pgx.Conn) (wait func(context.Context) error, err error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var backend int64
	if err := conn.QueryRow(limited, `select pg_backend_pid()::bigint`, s.mode).Scan(&backend); err != nil {
		return nil, fmt.Errorf("postgres: the log cannot be followed: %w", err)
	}
	if backend != int64(conn.PgConn().PID()) { // a pooler answers, with an identity of its own
		return pause, nil
	}
	if _, err := conn.Exec(limited, s.sql(`listen $schema`)); err != nil {
		return nil, fmt.Errorf("postgres: LISTEN: %w", err)
	}
	return func(ctx context.Context) error { return waitForNotification(ctx, conn) }, nil
}

func pause(ctx context.Context) error {
	select {
	case <-time.After(pooledPoll):
	case <-ctx.Done():
	}
	return ctx.Err()
}

// waitForNotification returns at the next NOTIFY, or after a while: a NOTIFY that
// got lost costs no more than that.
func waitForNotification(ctx context.Context, conn *pgx.Conn) error {
	limited, cancel := context.WithTimeout(ctx, poll)
	defer cancel()
	_, err := conn.WaitForNotification(limited)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("postgres: LISTEN: %w", err)
	}
	return ctx.Err()
}

// renewEpoch gives the log another epoch, once for all processes that find its end
// lost.
func (s *Store) renewEpoch(ctx context.Context, conn *pgx.Conn, lost store.ID) (snapshot, error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err := conn.Exec(limited, s.sql(`select $schema.renew($1::text, $2::bigint, $3::bigint, $4::text)`),
		s.mode, lost.Epoch, int64(min(lost.Major, math.MaxInt64)), int64(min(lost.Minor, math.MaxInt64)), store.NewEpoch()[:8])
	if err != nil {
		return snapshot{}, fmt.Errorf("postgres: the epoch cannot be renewed: %w", err)
	}
	return s.read(limited, conn, store.ID{}, 0)
}

// trim deletes what need not be kept, in small transactions, until the context ends
// or the server refuses. It has connections of its own, so that it goes on while
// the follower is stuck.
func (s *Store) trim(ctx context.Context) error {
	ticker := time.NewTicker(trimEvery)
	defer ticker.Stop()
	for {
		for {
			deleted, err := s.trimBatch(ctx)
			if _, refused := errors.AsType[*pgconn.PgError](err); refused && ctx.Err() == nil {
				return fmt.Errorf("postgres: trimming: %w", err)
			}
			if err != nil || deleted < trimBatch {
				break // a lost connection is for the follower to find
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *Store) trimBatch(ctx context.Context) (deleted int64, err error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, err := s.connect(limited)
	if err != nil {
		return 0, err
	}
	defer conn.Release()
	var age *int64
	if s.options.Age > 0 {
		ms := s.options.Age.Milliseconds()
		age = &ms
	}
	err = conn.QueryRow(limited, s.sql(`select $schema.trim($1::bigint, $2::bigint, $3::bigint)`), s.mode,
		int64(s.options.Events), age, int64(trimBatch)).Scan(&deleted)
	return deleted, err
}
