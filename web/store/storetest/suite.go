package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// Make makes a new empty log that keeps at least so many events. Each call of the
// function that it returns gives the log as another process would open it; a log in
// memory returns itself.
type Make func(t testing.TB, events int) (open func() store.Store)

// patience is how long a test waits for what must happen.
const patience = 90 * time.Second

// Run runs the whole suite; with -short the part of it that takes a second or two.
func Run(t *testing.T, newLog Make) {
	t.Run("RoundTrip", func(t *testing.T) { roundTrip(t, newLog) })
	t.Run("Places", func(t *testing.T) { places(t, newLog) })
	t.Run("EmptyLog", func(t *testing.T) { emptyLog(t, newLog) })
	t.Run("PageBytes", func(t *testing.T) { pageBytes(t, newLog) })
	t.Run("Idempotency", func(t *testing.T) { idempotency(t, newLog) })
	t.Run("IdempotencyRace", func(t *testing.T) { idempotencyRace(t, newLog) })
	t.Run("Records", func(t *testing.T) { records(t, newLog) })
	t.Run("RecordsBounded", func(t *testing.T) { recordsBounded(t, newLog) })
	if !testing.Short() {
		t.Run("RecordsExpire", func(t *testing.T) { recordsExpire(t, newLog) })
	}
	RunFollowing(t, newLog)
}

// RunFollowing runs the part of the suite in which somebody follows the log.
func RunFollowing(t *testing.T, newLog Make) {
	t.Run("Trimmed", func(t *testing.T) { trimmed(t, newLog) })
	t.Run("FollowFromNowhere", func(t *testing.T) { followFromNowhere(t, newLog) })
	t.Run("FollowInterval", func(t *testing.T) { followInterval(t, newLog) })
	if testing.Short() {
		return
	}
	t.Run("TrimmedWhilePaging", func(t *testing.T) { trimmedWhilePaging(t, newLog) })
	t.Run("FollowStorm", func(t *testing.T) { followStorm(t, newLog) })
	t.Run("FollowGoesOn", func(t *testing.T) { followGoesOn(t, newLog) })
	t.Run("Feed", func(t *testing.T) { runFeeds(t, newLog) })
}

func roundTrip(t *testing.T, newLog Make) {
	s := newLog(t, 100)()
	base := bounds(t, s).Base
	datas := []string{`{"a": [1, 2.50, "ü\u0000\ud83d\ude00"]}`, `null`, `""`, `1e400`, ` [ ] `}
	var ids []store.ID
	for _, data := range datas {
		id, err := s.Publish(context.Background(), "töpic", []byte(data))
		if err != nil {
			t.Fatal(err)
		}
		if again, ok := store.ParseID(id.String()); !ok || again != id {
			t.Fatalf("%v does not survive as text", id)
		}
		ids = append(ids, id)
	}
	events := after(t, s, base, 100)
	if len(events) != len(datas) {
		t.Fatalf("%d events", len(events))
	}
	for i, e := range events {
		if age := time.Since(e.Time); age > patience || age < -time.Second {
			t.Errorf("event %d was published at %v", i, e.Time)
		}
		if e.ID != ids[i] || e.Topic != "töpic" || string(e.Data) != datas[i] {
			t.Fatalf("event %d is %v %q %s", i, e.ID, e.Topic, e.Data)
		}
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Publish(ended, "töpic", []byte("1")); !errors.Is(err, store.ErrNotStored) || !errors.Is(err, context.Canceled) {
		t.Fatalf("with a context that has ended: %v", err)
	}
	for _, topic := range []string{"", "a\x00b", string(rune(0xfffd)), "price.*"} {
		_, err := s.Publish(context.Background(), topic, []byte(`1`))
		if !errors.Is(err, store.ErrInvalidTopic) || !errors.Is(err, store.ErrNotStored) {
			t.Fatalf("topic %q: %v", topic, err)
		}
	}
	if top := bounds(t, s).Top; top != ids[len(ids)-1] {
		t.Fatalf("the log ends at %v after events that were refused, not at %v", top, ids[len(ids)-1])
	}
}

func places(t *testing.T, newLog Make) {
	open := newLog(t, 1000)
	s := open()
	base := bounds(t, s).Base
	var ids []store.ID
	for n := range 20 {
		ids = append(ids, Publish(t, s, n))
	}
	for _, s := range []store.Store{s, open()} {
		if b := bounds(t, s); b.Base != base || b.Top != ids[19] {
			t.Fatalf("bounds %+v", b)
		}
		for i, id := range append([]store.ID{base}, ids...) {
			for _, limit := range []int{1, 7, 100} {
				events := after(t, s, id, limit)
				if len(events) != min(limit, 20-i) {
					t.Fatalf("after %d of 20, limit %d: %d events", i, limit, len(events))
				}
				for k, e := range events {
					if number(t, e) != i+k {
						t.Fatalf("after %d: event %d is %s", i, k, e.Data)
					}
				}
			}
		}
		top := ids[19]
		WantGap(t, s, store.ID{Epoch: top.Epoch, Major: top.Major + 1, Minor: top.Minor}, store.Future)
		WantGap(t, s, store.ID{Epoch: top.Epoch, Major: 1<<64 - 1}, store.Future)
		WantGap(t, s, store.ID{Epoch: "another", Major: top.Major, Minor: top.Minor}, store.Epoch)
		WantGap(t, s, store.ID{Epoch: top.Epoch, Major: ids[3].Major, Minor: ids[3].Minor + 1<<40}, store.Invalid, store.Future)
	}
}

func emptyLog(t *testing.T, newLog Make) {
	open := newLog(t, 10)
	b := bounds(t, open())
	again := open() // a restart before the first event
	if now := bounds(t, again); now != b || b.Base != b.Top {
		t.Fatalf("bounds %+v, then %+v", b, now)
	}
	if events := after(t, again, b.Top, 10); len(events) != 0 {
		t.Fatalf("%d events", len(events))
	}
	WantGap(t, again, store.ID{Epoch: b.Top.Epoch, Major: b.Top.Major + 1}, store.Future)
	Publish(t, open(), 7)
	if events := after(t, again, b.Top, 10); len(events) != 1 || number(t, events[0]) != 7 {
		t.Fatalf("%v", events)
	}
}

// followStorm has 16 writers; all followers must see one order, with everything.
func followStorm(t *testing.T, newLog Make) {
	const writers, each = 16, 200
	open := newLog(t, writers*each+1000)
	s := open()
	base := bounds(t, s).Base
	early, other := NewSink(), NewSink()
	defer early.Follow(t, s, base)()
	defer other.Follow(t, open(), base)()
	var wg sync.WaitGroup
	for w := range writers {
		from := open
		if w%2 == 0 {
			from = func() store.Store { return s }
		}
		wg.Go(func() {
			s := from()
			for n := range each {
				Publish(t, s, w*each+n)
			}
		})
	}
	wg.Wait()
	early.Await(t, writers*each)
	other.Await(t, writers*each)
	var paged []store.Event
	for at := base; ; {
		page := after(t, s, at, 100)
		if len(page) == 0 {
			break
		}
		paged = append(paged, page...)
		at = page[len(page)-1].ID
	}
	last := map[int]int{}
	followed, both := early.Events(), other.Events()
	for i, e := range paged {
		n := number(t, e)
		if before, ok := last[n/each]; ok && n != before+1 || !ok && n%each != 0 {
			t.Fatalf("writer %d: %d comes after %d", n/each, n%each, before%each)
		}
		last[n/each] = n
		if followed[i].ID != e.ID || both[i].ID != e.ID {
			t.Fatalf("event %d differs: %v %v %v", i, e.ID, followed[i].ID, both[i].ID)
		}
	}
	if len(paged) != writers*each || early.Resets()+other.Resets() > 0 {
		t.Fatalf("%d events, %d resets", len(paged), early.Resets()+other.Resets())
	}
}

// followGoesOn stops and starts a follower at any moment.
func followGoesOn(t *testing.T, newLog Make) {
	const total = 1500
	s := newLog(t, total+100)()
	at := bounds(t, s).Base
	done := run(func() {
		for n := range total {
			Publish(t, s, n)
		}
	})
	for seen, rounds := 0, 0; seen < total; rounds++ {
		r := NewSink()
		stop := r.Follow(t, s, at)
		r.Await(t, min(1+rand.IntN(30), total-seen))
		stop()
		for _, e := range r.Events() {
			if number(t, e) != seen {
				t.Fatalf("round %d: event %s, want %d", rounds, e.Data, seen)
			}
			seen++
			at = e.ID
		}
		if r.Resets() > 0 {
			t.Fatalf("round %d: a reset without a reason", rounds)
		}
	}
	<-done
}

// followFromNowhere starts from places that the log cannot go on from.
func followFromNowhere(t *testing.T, newLog Make) {
	for name, place := range map[string]func(top store.ID) store.ID{
		"zero":        func(store.ID) store.ID { return store.ID{} },
		"other epoch": func(top store.ID) store.ID { return store.ID{Epoch: "another", Major: top.Major} },
		"future":      func(top store.ID) store.ID { return store.ID{Epoch: top.Epoch, Major: top.Major + 1e6} },
	} {
		t.Run(name, func(t *testing.T) {
			s := newLog(t, 100)()
			Publish(t, s, 1)
			top := Publish(t, s, 2)
			r := NewSink()
			defer r.Follow(t, s, place(top))()
			r.AwaitReset(t)
			if now := bounds(t, s).Top; r.Top().Compare(top) < 0 || r.Top().Compare(now) > 0 {
				t.Fatalf("reset to %v, the top was %v and is %v", r.Top(), top, now)
			}
			Publish(t, s, 3)
			r.Await(t, 1)
			if number(t, r.Events()[0]) != 3 || r.Events()[0].ID.Epoch != r.Top().Epoch {
				t.Fatalf("%v after %v", r.Events()[0], r.Top())
			}
			if name == "future" && r.Top().Epoch == top.Epoch && !sameProcess(s) {
				t.Fatal("a log that lost its end keeps its epoch")
			}
		})
	}
}

// sameProcess reports whether the log lives and dies with its process, and so
// cannot lose its end.
func sameProcess(s store.Store) bool {
	_, ok := s.(interface{ Close() error })
	return !ok
}

// run starts a goroutine and returns a channel that is closed at its end.
func run(do func()) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	return done
}
