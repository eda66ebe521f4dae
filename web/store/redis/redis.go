// Package redis is an event log in a Redis stream (Redis 7 or newer: one server,
// Sentinel or Cluster). Any program that can XADD can publish:
//
//	XADD wakesocket MAXLEN ~ 10001 * topic cpu data '{"load":0.7}'
//	XADD wakesocket MAXLEN ~ 10001 * topic cpu data '{"load":0.7}' key 'idempotency key'
//
// Ids are "<epoch>-<ms>-<n>". The epoch is random and lives inside of the stream, as
// the name of a consumer group without consumers: what renames, restores, evicts
// or deletes the stream does the same to its epoch. It is replaced when the stream
// is found to have lost its end. n holds the sequence number of the entry and a
// checksum of its event. Reading on from an id is proved by that id's own entry: the
// stream must have it, with that checksum. Redis itself raises no error for an id
// that was trimmed or lost, and sets no mark when it trims.
//
// Redis acknowledges before it has replicated or synced to disk, so a crash of the
// server can lose events that Publish has given ids to. Whoever had seen them is
// told of a gap. Set maxmemory-policy to noeviction: an evicted stream is a gap for
// everybody.
package redis

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/internal/batch"
	"github.com/wakesocket/wakesocket/web/store/internal/page"
)

// Options of a log.
type Options struct {
	// Key is that of the stream; it may have a hash tag. Idempotency keys are beside
	// it in the same cluster slot. Defaults to "wakesocket".
	Key string
	// Events is how many events to keep at least; Redis keeps up to a hundred more.
	// Defaults to 10,000.
	Events int
	// Age is how long to keep an event, by the clock of Redis. Defaults to 0: no limit.
	Age time.Duration
}

// Store is a log in Redis.
type Store struct {
	options     Options
	maxlen      string
	keys        []string // of the stream, and of what lies beside it
	recordKeys  []string // of the records
	batcher     *batch.Batcher
	pages       page.Sizer
	connections *connections
}

var _ store.Store = (*Store)(nil)

const (
	timeout     = 5 * time.Second // for one answer, besides pages
	linkTimeout = time.Minute     // for the connection itself; what waits has a shorter one
)

// Open returns the log at a redis:// or rediss:// URL:
//
//	redis://user:password@host:6379/0                            one server, or a cluster
//	redis://host1:6379?addr=host2:6379&addr=host3:6379           a cluster by several of its nodes
//	redis://host1:26379?addr=host2:26379&master_set=mymaster     the primary that Sentinel names
//
// It does not connect: while Redis is away, the methods fail and Follow is to be
// tried again. When a failover leaves it connected to a server that has become a
// replica, it connects again.
func Open(url string, options Options) (*Store, error) {
	config, err := rueidis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	config.DisableCache = true
	config.DisableRetry = true // a feed retries; a publisher wants to know
	config.ConnWriteTimeout = linkTimeout
	config.Dialer.Timeout = timeout
	return open(&connections{config: config}, options), nil
}

// New returns the log in a Redis to which the application has a client. Close does
// not close the client. The client should have DisableRetry, so that an event is
// not added twice; after a failover it is the client that has to find the primary.
func New(client rueidis.Client, options Options) *Store {
	return open(&connections{client: client, shared: true}, options)
}

func open(c *connections, options Options) *Store {
	if options.Key == "" {
		options.Key = "wakesocket"
	}
	if options.Events <= 0 {
		options.Events = 10_000
	}
	beside := sameSlot(options.Key)
	s := &Store{
		options:     options,
		maxlen:      strconv.Itoa(options.Events + 1), // one more: it proves the place before the rest
		keys:        []string{options.Key, beside + ":keys", beside + ":ages"},
		recordKeys:  []string{beside + ":records", beside + ":record-ends"},
		connections: c,
	}
	s.batcher = batch.New(s.commit)
	return s
}

// Close ends the connections to Redis; what is being published fails.
func (s *Store) Close() error {
	s.batcher.Close()
	s.connections.close()
	return nil
}

// Bounds tells what the stream holds.
func (s *Store) Bounds(ctx context.Context) (store.Bounds, error) {
	found, err := s.page(ctx, store.ID{}, 0)
	return found.Bounds, err
}

// After reads the events that follow id.
func (s *Store) After(ctx context.Context, id store.ID, limit int) ([]store.Event, error) {
	found, err := s.page(ctx, id, limit)
	if err != nil {
		return nil, err
	}
	return found.after(id)
}

func (s *Store) page(ctx context.Context, id store.ID, limit int) (snapshot, error) {
	client, err := s.connections.get(ctx)
	if err != nil {
		return snapshot{}, err
	}
	found, err := s.read(ctx, client, id, limit)
	s.connections.failed(client, err)
	return found, err
}
