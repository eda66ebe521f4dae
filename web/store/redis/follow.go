package redis

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/wakesocket/wakesocket/web/store"
)

const (
	block      = store.FollowInterval * 3 / 4 // longest wait at the end of the stream
	pageEvents = 1000
	trimEvery  = time.Second
)

var (
	//go:embed trim.lua
	trimSource string
	//go:embed renew.lua
	renewSource string

	trimScript  = rueidis.NewLuaScript(trimSource)
	renewScript = rueidis.NewLuaScript(renewSource)
)

// Follow waits at the end of the stream with XREAD, which is a wake-up only: what
// is handed on is read and proved like any other page.
func (s *Store) Follow(ctx context.Context, from store.ID, sink store.Sink) error {
	client, err := s.connections.get(ctx)
	if err != nil {
		return err
	}
	following, cancel := context.WithCancelCause(ctx)
	trimmed := make(chan struct{})
	go func() {
		defer close(trimmed)
		cancel(s.trim(following, client))
	}()
	err = s.follow(following, client, from, sink)
	if cause := context.Cause(following); ctx.Err() == nil && cause != nil {
		err = cause
	}
	cancel(nil)
	<-trimmed
	if ctx.Err() == nil {
		s.connections.failed(client, err)
	}
	return err
}

func (s *Store) follow(ctx context.Context, client rueidis.Client, from store.ID, sink store.Sink) error {
	waiting, release := client.Dedicate() // a connection that XREAD may block
	defer release()
	var (
		base   store.ID
		trimAt time.Time
	)
	for {
		found, err := s.readInTime(ctx, client, from)
		if err != nil {
			return err
		}
		events, err := found.after(from)
		if reason, gap := store.AsGap(err); gap {
			if reason == store.Future || reason == store.Invalid {
				// What this process has seen is no longer there: whoever holds such an id
				// must not take a later event for the next one.
				if found, err = s.renewEpoch(ctx, client, from); err != nil {
					return err
				}
			}
			from = found.Top
			sink.Reset(from)
			continue
		}
		if len(events) > 0 {
			from = events[len(events)-1].ID
		}
		sink.Append(events)
		// The stream is trimmed with each XADD; to hear of that now and then is enough.
		if now := time.Now(); found.Base != base && now.Sub(trimAt) >= trimEvery {
			base, trimAt = found.Base, now
			sink.Trim(base)
		}
		if len(events) == 0 {
			if err := s.wait(ctx, waiting, from); err != nil {
				return err
			}
		}
	}
}

// readInTime is read with the time limit of a page.
func (s *Store) readInTime(ctx context.Context, client rueidis.Client, from store.ID) (snapshot, error) {
	_, timeout := s.pages.Limits()
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return s.read(limited, client, from, pageEvents)
}

// renewEpoch gives the log another epoch.
func (s *Store) renewEpoch(ctx context.Context, client rueidis.Client, lost store.ID) (snapshot, error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := renewScript.Exec(limited, client, s.keys[:1], []string{lost.Epoch, store.NewEpoch()}).Error(); err != nil {
		return snapshot{}, fmt.Errorf("redis: the epoch cannot be renewed: %w", err)
	}
	return s.read(limited, client, store.ID{}, 0)
}

// wait returns when there is an entry after the id, or after a while. Only closing
// the connection ends a blocked XREAD.
func (s *Store) wait(ctx context.Context, client rueidis.DedicatedClient, from store.ID) error {
	limited, cancel := context.WithTimeout(ctx, block+timeout)
	defer cancel()
	defer context.AfterFunc(limited, client.Close)()
	err := client.Do(context.Background(), client.B().Xread().Count(1).Block(block.Milliseconds()).
		Streams().Key(s.options.Key).Id(entryID(from)).Build()).Error()
	if err != nil && !rueidis.IsRedisNil(err) {
		return errors.Join(ctx.Err(), fmt.Errorf("redis: XREAD: %w", err))
	}
	return nil
}

// trim drops what is too old, until the context ends or Redis refuses for good. It
// is apart from the follower, so that it goes on while that is stuck. It writes
// even where there is nothing to drop: so a feed that only reads finds out that its
// server has become a replica.
func (s *Store) trim(ctx context.Context, client rueidis.Client) error {
	ticker := time.NewTicker(trimEvery)
	defer ticker.Stop()
	age, window := strconv.FormatInt(s.options.Age.Milliseconds(), 10), strconv.FormatInt(store.KeyWindow.Milliseconds(), 10)
	for {
		limited, cancel := context.WithTimeout(ctx, timeout)
		err := trimScript.Exec(limited, client, s.keys, []string{age, window}).Error()
		cancel()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil || !answered(err) || passes(err):
			// A lost connection is for the follower to find.
		case isReadOnly(err):
			return fmt.Errorf("redis: the server is a replica; the address must lead to the primary: %w", err)
		default:
			return fmt.Errorf("redis: the server refuses to trim; permit the commands of scripts for the keys %q: %w", s.keys, err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
