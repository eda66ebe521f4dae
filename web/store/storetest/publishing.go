package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// pageBytes reads large events, and one that is larger than a page.
func pageBytes(t *testing.T, newLog Make) {
	s := newLog(t, 100)()
	from := bounds(t, s).Top
	sizes := []int{100_000, 100_000, 100_000, store.PageBytes + 1, 10, 10, 100_000}
	for _, size := range sizes {
		if _, err := s.Publish(context.Background(), "big", []byte(strings.Repeat("1", size))); err != nil {
			t.Fatal(err)
		}
	}
	for next := 0; next < len(sizes); {
		page := after(t, s, from, 100)
		if len(page) == 0 {
			t.Fatalf("the page after event %d is empty", next)
		}
		bytes := 0
		for _, e := range page {
			if len(e.Data) != sizes[next] {
				t.Fatalf("event %d has %d bytes, want %d", next, len(e.Data), sizes[next])
			}
			bytes += len(e.Data)
			next++
			from = e.ID
		}
		if bytes > store.PageBytes && len(page) > 1 {
			t.Fatalf("a page of %d events has %d bytes", len(page), bytes)
		}
	}
}

// idempotency publishes again with the same key, also from another process.
func idempotency(t *testing.T, newLog Make) {
	open := newLog(t, 100)
	s := open()
	from := bounds(t, s).Top
	put := func(s store.Store, data, key string) store.ID {
		t.Helper()
		id, err := s.Publish(context.Background(), "count", []byte(data), store.IdempotencyKey(key))
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	first := put(s, "1", "a")
	second := put(s, "2", "b")
	Publish(t, s, 3)
	Publish(t, s, 3) // without a key every event is one of its own
	for _, s := range []store.Store{s, open()} {
		if again := put(s, "4", "a"); again != first {
			t.Errorf("the second with key a is %v, the first is %v", again, first)
		}
		if again := put(s, "1", "b"); again != second {
			t.Errorf("the second with key b is %v, the first is %v", again, second)
		}
	}
	var got []int
	for _, e := range after(t, s, from, 100) {
		got = append(got, number(t, e))
	}
	if fmt.Sprint(got) != "[1 2 3 3]" {
		t.Errorf("the log has %v", got)
	}
	for _, key := range []string{"", "a\nb", "\xff", strings.Repeat("k", store.MaxKey+1)} {
		_, err := s.Publish(context.Background(), "count", []byte("1"), store.IdempotencyKey(key))
		if !errors.Is(err, store.ErrInvalidKey) || !errors.Is(err, store.ErrNotStored) {
			t.Errorf("key %q: %v", key, err)
		}
	}
	put(s, "5", strings.Repeat("k", store.MaxKey))
}

// idempotencyRace has many publishers with few keys, and some without one.
func idempotencyRace(t *testing.T, newLog Make) {
	const keys, publishers = 20, 8
	open := newLog(t, 1000)
	s := open()
	from := bounds(t, s).Top
	var (
		mu  sync.Mutex
		ids = map[string]store.ID{}
		wg  sync.WaitGroup
	)
	for p := range publishers {
		s := s
		if p%2 == 1 {
			s = open()
		}
		wg.Go(func() {
			for k := range keys {
				key := fmt.Sprint("key ", k)
				id, err := s.Publish(context.Background(), "count", fmt.Append(nil, k), store.IdempotencyKey(key))
				if err != nil {
					t.Error(err)
					return
				}
				Publish(t, s, keys)
				mu.Lock()
				if first, ok := ids[key]; ok && first != id {
					t.Errorf("%s: %v and %v", key, first, id)
				}
				ids[key] = id
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	count := map[int]int{}
	for at := from; ; {
		page := after(t, s, at, 100)
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			at = e.ID
			n := number(t, e)
			count[n]++
			if n < keys && ids[fmt.Sprint("key ", n)] != e.ID {
				t.Errorf("key %d is at %v, reported was %v", n, e.ID, ids[fmt.Sprint("key ", n)])
			}
		}
	}
	for k := range keys {
		if count[k] != 1 {
			t.Errorf("key %d is stored %d times", k, count[k])
		}
	}
	if count[keys] != keys*publishers {
		t.Errorf("%d events without a key, want %d", count[keys], keys*publishers)
	}
}

// followInterval counts the calls of Append while nothing happens.
func followInterval(t *testing.T, newLog Make) {
	s := newLog(t, 100)()
	sink := NewSink()
	defer sink.Follow(t, s, bounds(t, s).Top)()
	sink.AwaitAppends(t, 1)
	began := time.Now()
	sink.AwaitAppends(t, 3)
	if took := time.Since(began); took > 3*store.FollowInterval {
		t.Errorf("two calls of Append take %v", took)
	}
	if n := len(sink.Events()); n > 0 {
		t.Errorf("%d events", n)
	}
}
