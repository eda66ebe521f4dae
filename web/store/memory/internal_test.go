package memory

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

func put(t *testing.T, s *Store, data string, options ...store.PublishOption) store.ID {
	t.Helper()
	id, err := s.Publish(context.Background(), "count", []byte(data), options...)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func reason(s *Store, id store.ID) string {
	_, err := s.After(context.Background(), id, 10)
	reason, _ := store.AsGap(err)
	return reason
}

// A log keeps exactly as many events as it was asked to.
func TestKeepsEvents(t *testing.T) {
	for options, keep := range map[Options]uint64{{Events: 3}: 3, {Events: 1}: 1, {}: 4096, {Events: -1}: 4096} {
		s := New(options)
		var last store.ID
		for n := range keep + 2 {
			last = put(t, s, fmt.Sprint(n))
		}
		b, _ := s.Bounds(context.Background())
		if b.Top != last || b.Base.Major != 2 {
			t.Errorf("%+v: %+v", options, b)
		}
		if reason(s, s.id(1)) != store.Trimmed || reason(s, s.id(2)) != "" {
			t.Errorf("%+v: the edge is not at 2", options)
		}
	}
}

func TestLimit(t *testing.T) {
	s := New(Options{})
	base := s.id(0)
	put(t, s, "1")
	put(t, s, "2")
	for limit, want := range map[int]int{-1: 0, 0: 0, 1: 1, 2: 2, 3: 2} {
		if events, err := s.After(context.Background(), base, limit); err != nil || len(events) != want {
			t.Errorf("limit %d: %d events, %v", limit, len(events), err)
		}
	}
}

func TestExpires(t *testing.T) {
	s := New(Options{Age: time.Minute})
	now := time.Now()
	s.now = func() time.Time { return now }
	first := put(t, s, "1")
	now = now.Add(time.Minute)
	put(t, s, "2")
	if reason(s, s.id(0)) != "" {
		t.Error("an event of exactly its age is gone")
	}
	now = now.Add(time.Nanosecond)
	if reason(s, s.id(0)) != store.Trimmed || reason(s, first) != "" {
		t.Error("an event past its age is still there")
	}
	if s.slot(1).Data != nil {
		t.Error("its data are kept")
	}
	now = now.Add(time.Hour)
	if b, _ := s.Bounds(context.Background()); b.Base != b.Top || b.Top.Major != 2 {
		t.Errorf("%+v", b)
	}
}

func TestKeysAreForgotten(t *testing.T) {
	s := New(Options{})
	now := time.Now()
	s.now = func() time.Time { return now }
	a := put(t, s, "1", store.IdempotencyKey("a"))
	now = now.Add(time.Second)
	b := put(t, s, "2", store.IdempotencyKey("b"))
	now = now.Add(store.KeyWindow - time.Second)
	if again := put(t, s, "1", store.IdempotencyKey("a")); again != a {
		t.Errorf("%v within the window, the first is %v", again, a)
	}
	now = now.Add(time.Nanosecond)
	if again := put(t, s, "1", store.IdempotencyKey("a")); again == a {
		t.Error("the key is remembered after the window")
	}
	if again := put(t, s, "2", store.IdempotencyKey("b")); again != b {
		t.Error("another key is forgotten too")
	}
	now = now.Add(time.Hour)
	put(t, s, "3")
	if len(s.keys.ids) != 0 || len(s.keys.order) != 0 {
		t.Errorf("%d keys are kept", len(s.keys.ids))
	}
}

// sink blocks in Append until it may go on.
type sink struct {
	appended, goOn chan int
	resets         []store.ID
	trims          []store.ID
}

func (s *sink) Reset(top store.ID) { s.resets = append(s.resets, top) }
func (s *sink) Trim(base store.ID) { s.trims = append(s.trims, base) }
func (s *sink) Append(events []store.Event) {
	s.appended <- len(events)
	<-s.goOn
}

// A burst longer than the log waits for the follower, each publisher for as long as
// it likes.
func TestFullWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Events: 2})
		k := &sink{appended: make(chan int, 10), goOn: make(chan int)}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- s.Follow(ctx, s.id(0), k) }()
		if n := <-k.appended; n != 0 {
			t.Errorf("%d events", n)
		}
		put(t, s, "1")
		put(t, s, "2")
		limited, stop := context.WithTimeout(context.Background(), time.Second)
		defer stop()
		_, err := s.Publish(limited, "count", []byte("lost"))
		if !errors.Is(err, store.ErrNotStored) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a publisher that does not wait longer: %v", err)
		}
		published := make(chan struct{})
		go func() { put(t, s, "3"); close(published) }()
		synctest.Wait()
		select {
		case <-published:
			t.Error("the slot of an event that was not read is taken")
		default:
		}
		k.goOn <- 0
		if n := <-k.appended; n != 2 {
			t.Errorf("%d events", n)
		}
		<-published
		k.goOn <- 0
		if n := <-k.appended; n != 1 {
			t.Errorf("%d events", n)
		}
		cancel()
		k.goOn <- 0
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		put(t, s, "4")
		put(t, s, "5") // nobody follows, nobody waits
		put(t, s, "6")
		if len(k.resets) > 0 || len(k.trims) == 0 {
			t.Errorf("%d resets, trims %v", len(k.resets), k.trims)
		}
	})
}

// Who waits for a follower goes on when that ends.
func TestFollowerThatEndsLetsPublishersGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Events: 1})
		k := &sink{appended: make(chan int, 10), goOn: make(chan int)}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- s.Follow(ctx, s.id(0), k) }()
		<-k.appended
		put(t, s, "1")
		published := make(chan struct{})
		go func() { put(t, s, "2"); close(published) }()
		synctest.Wait()
		cancel()
		k.goOn <- 0
		<-ended
		<-published
	})
}

// A follower is handed an event when it is published, not some time later.
func TestFollowerIsWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		k := &sink{appended: make(chan int, 10), goOn: make(chan int)}
		close(k.goOn)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- s.Follow(ctx, s.id(0), k) }()
		<-k.appended
		synctest.Wait()
		begun := time.Now()
		put(t, s, "1")
		if n := <-k.appended; n != 1 || time.Since(begun) > 0 {
			t.Errorf("%d events after %v", n, time.Since(begun))
		}
		cancel()
		<-ended
	})
}

// Append is called twice in each interval while nothing happens, and Trim once for
// each change.
func TestIdleFollower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Events: 2})
		for n := range 3 {
			put(t, s, fmt.Sprint(n))
		}
		k := &sink{appended: make(chan int, 100), goOn: make(chan int)}
		close(k.goOn)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- s.Follow(ctx, store.ID{}, k) }()
		time.Sleep(10*store.FollowInterval + time.Millisecond)
		cancel()
		<-ended
		if n := len(k.appended); n < 20 || n > 22 {
			t.Errorf("%d calls of Append in 10 intervals", n)
		}
		if len(k.resets) != 1 || k.resets[0] != s.id(3) || len(k.trims) != 1 || k.trims[0] != s.id(1) {
			t.Errorf("resets %v, trims %v", k.resets, k.trims)
		}
	})
}

// A follower from a place of another epoch, or one that does not exist, does not hold
// publishers up.
func TestFollowerFromElsewhere(t *testing.T) {
	for name, from := range map[string]func(*Store) store.ID{
		"other epoch": func(s *Store) store.ID { return store.ID{Epoch: "another", Major: 1} },
		"trimmed":     func(s *Store) store.ID { return s.id(0) },
		"future":      func(s *Store) store.ID { return s.id(99) },
	} {
		synctest.Test(t, func(t *testing.T) {
			s := New(Options{Events: 2})
			for n := range 4 {
				put(t, s, fmt.Sprint(n))
			}
			k := &sink{appended: make(chan int, 100), goOn: make(chan int)}
			close(k.goOn)
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error)
			go func() { ended <- s.Follow(ctx, from(s), k) }()
			synctest.Wait()
			if len(k.resets) != 1 || k.resets[0] != s.id(4) {
				t.Errorf("%s: resets %v", name, k.resets)
			}
			put(t, s, "5")
			cancel()
			<-ended
		})
	}
}
