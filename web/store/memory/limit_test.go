package memory_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// The log keeps as many events as it may, also while it grows and when the number
// stands for all of them.
func TestLimits(t *testing.T) {
	const published = 2000
	for _, c := range []struct{ limit, kept int }{
		{1, 1}, {255, 255}, {256, 256}, {257, 257}, {1000, 1000}, {published, published}, {math.MaxInt, published}, {0, published}, {-1, published},
	} {
		t.Run(fmt.Sprint(c.limit), func(t *testing.T) {
			s := memory.New(memory.Options{Events: c.limit})
			for n := range published {
				publish(t, s, n)
				if n%97 == 0 {
					holds(t, s, max(0, n+1-c.kept), n)
				}
			}
			holds(t, s, published-c.kept, published-1)
		})
	}
}

// A log that grows while old events end holds what is young enough.
func TestGrowthWithAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New(memory.Options{Events: math.MaxInt, Age: 300 * time.Second})
		for n := range 1000 {
			publish(t, s, n)
			holds(t, s, max(0, n-300), n)
			time.Sleep(time.Second)
		}
	})
}

func publish(t *testing.T, s *memory.Store, n int) {
	t.Helper()
	if _, err := s.Publish(context.Background(), "n", fmt.Append(nil, n)); err != nil {
		t.Fatal(err)
	}
}

// holds fails unless the log holds the numbers from first to last.
func holds(t *testing.T, s *memory.Store, first, last int) {
	t.Helper()
	bounds, err := s.Bounds(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var events []store.Event
	for at := bounds.Base; at != bounds.Top; at = events[len(events)-1].ID {
		page, err := s.After(context.Background(), at, 500)
		if err != nil || len(page) == 0 {
			t.Fatalf("after %v: %d events, %v", at, len(page), err)
		}
		events = append(events, page...)
	}
	if len(events) != last-first+1 {
		t.Fatalf("%d events, want those from %d to %d", len(events), first, last)
	}
	for i, e := range events {
		if string(e.Data) != fmt.Sprint(first+i) {
			t.Fatalf("event %d is %s", first+i, e.Data)
		}
	}
}
