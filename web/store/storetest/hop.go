package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store"
)

// Hop has clients that move between the feeds of several stores of one log, while
// events are published and harm is done. Each client must get every event once and in order,
// without a gap. Harm is given the feeds, and how many events were published so far.
func Hop(t *testing.T, writer store.Store, stores []store.Store, harm func(feeds []*feed.Feed, urls []string, published func() int)) {
	const clients = 4
	var (
		feeds []*feed.Feed
		urls  []string
		total atomic.Int64
	)
	for _, s := range stores {
		f, url := Serve(t, feed.Options{Store: s, Ring: 64})
		feeds, urls = append(feeds, f), append(urls, url)
	}
	start := bounds(t, writer).Top
	ctx, stop := context.WithCancel(context.Background())
	publishing := run(func() {
		for pace := time.NewTicker(3 * time.Millisecond); ; { // so that the clients keep up
			select {
			case <-pace.C:
				publishOnce(ctx, writer, int(total.Load()))
				total.Add(1)
			case <-ctx.Done():
				pace.Stop()
				return
			}
		}
	})
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			r := &reader{after: start.String()}
			for ctx.Err() == nil || r.next < int(total.Load()) {
				left := 40
				if ctx.Err() != nil {
					left = int(total.Load()) - r.next
				}
				err := r.turn(urls[rand.IntN(len(urls))], left, func(c *client) bool { return ctx.Err() != nil && c.live })
				if errors.Is(err, context.DeadlineExceeded) {
					continue // a feed without its log has nothing to send; another has
				}
				if err != nil {
					t.Errorf("a client: %v", err)
					return
				}
			}
			t.Logf("a client has %d events, was sent away %d times", r.got, r.sent)
		})
	}
	harm(feeds, urls, func() int { return int(total.Load()) })
	stop()
	<-publishing
	Publish(t, writer, int(total.Add(1))-1) // so that who waits is woken
	wg.Wait()
}

// publishOnce publishes a number until it is certain that the log has it, once.
func publishOnce(ctx context.Context, s store.Store, n int) {
	for {
		limited, cancel := context.WithTimeout(context.Background(), patience)
		_, err := s.Publish(limited, "count", []byte(strconv.Itoa(n)), store.IdempotencyKey(fmt.Sprint("hop-", n)))
		cancel()
		if err == nil || errors.Is(err, store.ErrStored) {
			return
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done(): // the log is whole again by now
		}
	}
}
