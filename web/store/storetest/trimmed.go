package storetest

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// pages reads the events of a log that [Publish] has published: all of it, or their
// topic alone in a log that drops events in its middle.
type pages struct {
	log    store.Store
	topics store.TopicReader // nil for a log without holes
}

func pagesOf(log store.Store) pages {
	if r, ok := log.(store.TopicReader); ok && r.DropsByTopic() {
		return pages{log, r}
	}
	return pages{log, nil}
}

// base is the place before everything that the log still has.
func (p pages) base(t testing.TB) store.ID {
	if p.topics != nil {
		return store.ID{}
	}
	return bounds(t, p.log).Base
}

// after returns what follows an id that the log has had, and where to go on.
func (p pages) after(id store.ID, limit int) ([]store.Event, store.ID, error) {
	if p.topics != nil {
		page, err := p.topics.AfterTopics(context.Background(), id, []string{"count"}, limit, true)
		return page.Events, page.Through, err
	}
	events, err := p.log.After(context.Background(), id, limit)
	if len(events) > 0 {
		id = events[len(events)-1].ID
	}
	return events, id, err
}

// trimmed publishes until the log has dropped something, and looks at the edge.
func trimmed(t *testing.T, newLog Make) {
	const keep = 20
	s := newLog(t, keep)()
	stop := NewSink().Follow(t, s, store.ID{}) // some stores trim as they follow
	defer stop()
	log := pagesOf(s)
	all := []store.ID{Publish(t, s, 0)}
	deadline := time.Now().Add(patience)
	for n := 1; ; n++ {
		_, err := s.After(context.Background(), all[0], 1)
		if _, gap := store.AsGap(err); gap {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing is ever trimmed")
		}
		all = append(all, Publish(t, s, n))
	}
	rest, _, err := log.after(log.base(t), len(all))
	for _, moved := store.AsGap(err); moved; _, moved = store.AsGap(err) { // the edge, between the two questions
		if time.Now().After(deadline) {
			t.Fatal("trimming never ends")
		}
		rest, _, err = log.after(log.base(t), len(all))
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(rest) < keep {
		t.Fatalf("%d events are left, %d were to be kept", len(rest), keep)
	}
	for i, e := range rest {
		if want := len(all) - len(rest) + i; number(t, e) != want {
			t.Fatalf("event %d of the rest is %s, want %d", i, e.Data, want)
		}
	}
	for _, id := range all[:len(all)-len(rest)-1] {
		WantGap(t, s, id, store.Trimmed)
		if events, _, err := log.after(id, 10); err == nil {
			t.Fatalf("after %v: %d events, though the next one is dropped", id, len(events))
		}
	}
}

// trimmedWhilePaging reads pages while the log drops events: what comes is in order,
// and a hole is reported.
func trimmedWhilePaging(t *testing.T, newLog Make) {
	open := newLog(t, 50)
	writer, reader := open(), pagesOf(open())
	stop := NewSink().Follow(t, writer, store.ID{})
	defer stop()
	const total = 2000
	var published atomic.Int64
	done := run(func() {
		for n := range total {
			Publish(t, writer, n)
			published.Add(1)
		}
	})
	at, next, gaps := reader.base(t), -1, 0
	for seen := -1; seen < total-1; {
		events, through, err := reader.after(at, 1+rand.IntN(20))
		if _, gap := store.AsGap(err); gap {
			at, next = reader.base(t), -1
			gaps++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if seen = number(t, e); next >= 0 && seen != next {
				t.Fatalf("event %d where %d should be, and no gap was reported", seen, next)
			}
			next = seen + 1
		}
		at = through
		if late := published.Load() + 60; rand.IntN(20) == 0 && late < total {
			Eventually(t, "the reader is late", func() bool { return published.Load() >= late })
		}
	}
	<-done
	t.Logf("%d gaps reported", gaps)
}
