package nats_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/nats"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// counted is a sink of events that are numbered; it holds what comes to the claim.
type counted struct {
	t      *testing.T
	mu     sync.Mutex
	next   int // 0: any
	resets int
}

func (c *counted) Reset(store.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = 0
	c.resets++
}

func (c *counted) Append(events []store.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range events {
		if e.Topic != "count" {
			continue
		}
		var n int
		if err := json.Unmarshal(e.Data, &n); err != nil {
			c.t.Error(err)
		}
		if c.next != 0 && n != c.next {
			c.t.Errorf("%d comes where %d should", n, c.next)
		}
		c.next = n + 1
	}
}

func (c *counted) Share([]string, bool, store.ID) {}
func (c *counted) Trim(store.ID)                  {}

// Bursts of a topic are larger than its limit: events are dropped before a follower has
// got them, and it is told of each gap.
func TestBurstsAboveTheLimit(t *testing.T) {
	t.Parallel()
	name := backend.NewName()
	s := openShared(t, name, nats.Options{Events: 1_000_000, EventsPerTopic: 50})
	sink := &counted{t: t}
	ctx, cancel := context.WithCancel(context.Background())
	var following sync.WaitGroup
	defer following.Wait()
	defer cancel()
	first, err := s.Publish(ctx, "count", []byte("0"))
	if err != nil {
		t.Fatal(err)
	}
	share := newFixedShare("count")
	following.Go(func() {
		for ctx.Err() == nil {
			s.FollowTopics(ctx, first, share, sink)
		}
	})
	n := 0
	subject := name + ".count"
	for range 300 {
		for range 20 + rand.IntN(60) {
			n++
			if err := s.Conn().Publish(subject, fmt.Appendf(nil, "%d", n)); err != nil {
				t.Fatal(err)
			}
		}
		s.Conn().Flush()
		time.Sleep(time.Duration(rand.IntN(6)) * time.Millisecond)
	}
	n++
	storetest.Eventually(t, "the last one came", func() bool {
		s.Publish(ctx, "count", fmt.Appendf(nil, "%d", n))
		n++
		time.Sleep(200 * time.Millisecond)
		sink.mu.Lock()
		defer sink.mu.Unlock()
		return sink.next == n
	})
	t.Logf("%d events, %d gaps told", n, sink.resets)
}
