// Package redis is an event log in a Redis stream (Redis 7 or newer, one node,
// Sentinel or cluster). Any program that can XADD can publish:
//
//	XADD wakesocket MAXLEN ~ 10000 * topic cpu data '{"load":0.7}'
//
// Ids are "<epoch>-<ms>-<seq>": the epoch is a random string beside the stream that is
// replaced when the stream is found to have lost its tail. Reading on from an id
// is proved by that id's own entry: an inclusive read must begin with it. Redis
// itself raises no error for an id that was trimmed or lost, and sets no mark when
// it trims.
//
// Redis acknowledges before it has replicated or synced to disk, so a crash of the
// server can lose events that Publish has given ids to. Whoever had seen them is
// told of a gap.
package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/internal/batch"
)

// Options of a log.
type Options struct {
	Key    string        // of the stream; "wakesocket" when ""
	Events int           // how many events to keep at least; 10,000 when 0
	Age    time.Duration // how long to keep an event; 0 is for ever
}

// Store is a log in Redis.
type Store struct {
	options Options
	maxlen  string
	epochOf string // key of the epoch
	batcher *batch.Batcher

	connections connections
}

var _ store.Store = (*Store)(nil)

// Open returns the log at a redis:// or rediss:// URL. It does not connect:
// while Redis is away, the methods fail and Follow is to be tried again.
func Open(url string, options Options) (*Store, error) {
	config, err := rueidis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	config.DisableCache = true
	config.DisableRetry = true // a feed retries; a publisher wants to know
	config.ConnWriteTimeout = timeout
	config.Dialer.Timeout = timeout
	if options.Key == "" {
		options.Key = "wakesocket"
	}
	if options.Events <= 0 {
		options.Events = 10_000
	}
	s := &Store{
		options: options,
		maxlen:  strconv.Itoa(options.Events + 1), // one more: it proves the place before the rest
		epochOf: "{" + options.Key + "}:epoch",    // the same cluster slot as the stream
	}
	s.connections.config = config
	s.batcher = batch.New(s.commit)
	return s, nil
}

// Close ends the connections to Redis; what is being published fails.
func (s *Store) Close() error {
	s.batcher.Close()
	s.connections.close()
	return nil
}

const (
	timeout   = 5 * time.Second // for one answer
	block     = 2 * time.Second // for one wait at the end of the stream
	trimEvery = time.Second     // by age
	pageSize  = 256             // entries a read of the follower
)

// Bounds tells what the stream holds.
func (s *Store) Bounds(ctx context.Context) (store.Bounds, error) {
	client, err := s.connections.get(ctx)
	if err != nil {
		return store.Bounds{}, err
	}
	state, err := s.look(ctx, client, "", 0)
	s.connections.failed(client, err)
	return state.Bounds, err
}

// After reads the entries right behind id.
func (s *Store) After(ctx context.Context, id store.ID, limit int) ([]store.Event, error) {
	client, err := s.connections.get(ctx)
	if err != nil {
		return nil, err
	}
	state, err := s.look(ctx, client, place(id), limit)
	if err != nil {
		s.connections.failed(client, err)
		return nil, err
	}
	events, err := state.after(id)
	return events[:min(len(events), limit)], err
}

// after proves that the entries that were read are those behind id.
func (s state) after(id store.ID) ([]store.Event, error) {
	gap := func(reason string) ([]store.Event, error) { return nil, &store.GapError{Reason: reason} }
	switch {
	case id.Epoch != s.Top.Epoch:
		return gap(store.Epoch)
	case id == s.Top:
		return nil, nil
	case id.Compare(s.Top) > 0:
		return gap(store.Future)
	case id == s.Base && id.Major == 0 && id.Minor == 0:
		return s.events, nil // nothing was ever trimmed: the beginning is a place too
	case id.Compare(s.Base) < 0:
		return gap(store.Trimmed)
	case len(s.events) == 0 || s.events[0].ID != id:
		return gap(store.Invalid)
	}
	return s.events[1:], nil
}

// Follow waits at the end of the stream with XREAD, which is a wake-up only: what
// is handed on is read and proved like any other page.
func (s *Store) Follow(ctx context.Context, from store.ID, sink store.Sink) error {
	client, err := s.connections.get(ctx)
	if err != nil {
		return err
	}
	err = s.follow(ctx, client, from, sink)
	if ctx.Err() == nil {
		s.connections.failed(client, err)
	}
	return err
}

func (s *Store) follow(ctx context.Context, client rueidis.Client, from store.ID, sink store.Sink) error {
	waiting, release := client.Dedicate() // a connection that XREAD may block
	defer release()
	trim := time.Time{}
	for {
		if s.options.Age > 0 && time.Since(trim) > trimEvery {
			if err := s.trim(ctx, client, sink); err != nil {
				return err
			}
			trim = time.Now()
		}
		state, err := s.look(ctx, client, place(from), pageSize)
		if err != nil {
			return err
		}
		events, err := state.after(from)
		if reason, gap := store.AsGap(err); gap {
			if reason == store.Future || reason == store.Invalid {
				// What this process has seen is no longer there: whoever holds such an id
				// must not take a later event for the next one.
				if err := another.Exec(ctx, client, []string{s.epochOf}, []string{from.Epoch, store.NewEpoch()}).Error(); err != nil {
					return fmt.Errorf("redis: the epoch cannot be renewed: %w", err)
				}
				if state, err = s.look(ctx, client, "", 0); err != nil {
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
			continue
		}
		if err := s.wait(ctx, waiting, from); err != nil {
			return err
		}
	}
}

// wait returns when there is an entry behind the id, or after a while. Only closing
// the connection ends a blocked XREAD.
func (s *Store) wait(ctx context.Context, client rueidis.DedicatedClient, from store.ID) error {
	limited, cancel := context.WithTimeout(ctx, block+timeout)
	defer cancel()
	defer context.AfterFunc(limited, client.Close)()
	err := client.Do(context.Background(), client.B().Xread().Count(1).Block(block.Milliseconds()).
		Streams().Key(s.options.Key).Id(place(from)).Build()).Error()
	if err != nil && !rueidis.IsRedisNil(err) {
		return errors.Join(ctx.Err(), fmt.Errorf("redis: XREAD: %w", err))
	}
	return nil
}

// trim drops what is too old, exactly: age is a promise, unlike the count.
func (s *Store) trim(ctx context.Context, client rueidis.Client, sink store.Sink) error {
	oldest := strconv.FormatInt(time.Now().Add(-s.options.Age).UnixMilli(), 10)
	if err := client.Do(ctx, client.B().Xtrim().Key(s.options.Key).Minid().Exact().Threshold(oldest).Build()).Error(); err != nil {
		return fmt.Errorf("redis: XTRIM: %w", err)
	}
	state, err := s.look(ctx, client, "", 0)
	if err == nil {
		sink.Trim(state.Base)
	}
	return err
}
