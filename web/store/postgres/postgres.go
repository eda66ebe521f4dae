// Package postgres is an event log in a PostgreSQL table (version 12 or newer).
// Any program can publish, also inside of a transaction of its own:
//
//	select wakesocket.publish('cpu', '{"load": 0.7}');
//	select wakesocket.publish('cpu', '{"load": 0.7}', 'idempotency key');
//
// A snapshot of the application's rows and the position that belongs to it are read
// in one transaction:
//
//	begin isolation level repeatable read, read only;
//	select wakesocket.position();
//	select ...;
//	commit;
//
// The events after that position are exactly those of the transactions that the
// snapshot does not see, if events are published in the transactions that change the
// rows.
//
// Ids are "<epoch>-<n>-<proof>". The numbers come from a counter row and so have no
// holes and appear in order: reading on from an id is exact when the next event's
// number is one higher. The proof is random and stored with the event, so that a
// number that is given out again after a restore is not mistaken for the first one.
// NOTIFY is only a wake-up; the table is the truth.
//
// Behind a pooler (PgBouncer in session or transaction mode) everything works, but
// a wake-up may get lost there: the log is then read ten times a second. For
// events without that delay give Open the address of the database itself.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/internal/batch"
	"github.com/wakesocket/wakesocket/web/store/internal/page"
)

// Options of a log.
type Options struct {
	// Schema holds the tables and functions, and is the channel of NOTIFY. It is a
	// name of a-z, 0-9 and _ that does not begin with a digit. Defaults to
	// "wakesocket".
	Schema string
	// Events is how many events to keep. Defaults to 10,000.
	Events int
	// Age is how long to keep an event. Defaults to 0: no limit.
	Age time.Duration
}

// Store is a log in PostgreSQL.
type Store struct {
	options Options
	pool    *pgxpool.Pool
	owned   bool // the pool is the store's own
	mode    pgx.QueryExecMode
	names   *strings.Replacer
	batcher *batch.Batcher
	pages   page.Sizer

	mu       sync.Mutex
	migrated bool
}

var _ store.Store = (*Store)(nil)

const (
	timeout      = 5 * time.Second // for one answer, besides pages
	closeTimeout = time.Second     // for the server to answer a close
)

var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// Open returns the log at a postgres:// URL, and makes its schema when it is
// first used. It does not connect: while the database is away, the methods fail
// and Follow is to be tried again.
func Open(url string, options Options) (*Store, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = timeout
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	s, err := New(pool, options)
	if err != nil {
		pool.Close()
		return nil, err
	}
	s.owned = true
	return s, nil
}

// New returns the log in a database to which the application has a pool. Close
// does not close the pool. Follow takes one connection out of it and publishing
// borrows one.
func New(pool *pgxpool.Pool, options Options) (*Store, error) {
	if options.Schema == "" {
		options.Schema = "wakesocket"
	}
	if !schemaName.MatchString(options.Schema) {
		return nil, fmt.Errorf("postgres: Options.Schema %q must match %s", options.Schema, schemaName)
	}
	if options.Events <= 0 {
		options.Events = 10_000
	}
	s := &Store{options: options, pool: pool, mode: pgx.QueryExecModeExec, names: names(options.Schema)}
	// Named statements and those described beforehand fail behind a pooler that gives
	// each transaction another connection. The simple protocol is for poolers that
	// know no other.
	if pool.Config().ConnConfig.DefaultQueryExecMode == pgx.QueryExecModeSimpleProtocol {
		s.mode = pgx.QueryExecModeSimpleProtocol
	}
	s.batcher = batch.New(s.commit)
	return s, nil
}

// Close ends the connections to the database; what is being published fails.
// Connections that do not answer are left to end by themselves.
func (s *Store) Close() error {
	s.batcher.Close()
	if !s.owned {
		return nil
	}
	closed := make(chan struct{})
	go func() {
		s.pool.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(closeTimeout):
	}
	return nil
}

// connect returns a connection to a schema that is up to date.
func (s *Store) connect(ctx context.Context) (*pgxpool.Conn, error) {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("postgres: cannot connect: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.migrated {
		if err := s.migrate(ctx, conn.Conn()); err != nil {
			conn.Release()
			return nil, err
		}
		s.migrated = true
	}
	return conn, nil
}

// failed lets all connections go when one failed without an answer of the server: a
// firewall that has forgotten one has forgotten all of them.
func (s *Store) failed(err error) {
	if _, answered := errors.AsType[*pgconn.PgError](err); s.owned && err != nil && !answered {
		s.pool.Reset()
	}
}

// Bounds tells what the log holds.
func (s *Store) Bounds(ctx context.Context) (store.Bounds, error) {
	snapshot, err := s.page(ctx, store.ID{}, 0)
	return snapshot.Bounds, err
}

// After reads the events that follow id.
func (s *Store) After(ctx context.Context, id store.ID, limit int) ([]store.Event, error) {
	snapshot, err := s.page(ctx, id, limit)
	if err != nil {
		return nil, err
	}
	return snapshot.after(id)
}

// page reads a snapshot over a connection of the pool.
func (s *Store) page(ctx context.Context, id store.ID, limit int) (snapshot, error) {
	conn, err := s.connect(ctx)
	if err != nil {
		s.failed(err)
		return snapshot{}, err
	}
	defer conn.Release()
	found, err := s.read(ctx, conn.Conn(), id, limit)
	s.failed(err)
	return found, err
}
