package feed

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// book is a log of events 1..last that notes what is read.
type book struct {
	store.Store
	last  int
	bytes int // of each event
	reads []int
	delay func(limit int) time.Duration
}

func (b *book) After(ctx context.Context, after store.ID, limit int) (events []store.Event, err error) {
	b.reads = append(b.reads, limit)
	if b.delay != nil {
		select {
		case <-time.After(b.delay(limit)):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	data := []byte(`"` + strings.Repeat("x", b.bytes) + `"`)
	for n := int(after.Major) + 1; n <= b.last && len(events) < limit; n++ {
		events = append(events, store.Event{ID: id(n), Topic: "t", Data: data})
	}
	return events, nil
}

func (b *book) Bounds(context.Context) (store.Bounds, error) {
	return store.Bounds{Base: id(0), Top: id(b.last)}, nil
}

func pageAfter(t *testing.T, p *pager, after int) []entry {
	t.Helper()
	entries, err := p.after(id(after))
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestPagesAreReadOnce(t *testing.T) {
	log := &book{last: 2500}
	p := newPager(log, time.Second, newBudget(1<<20))
	if p.cached(pageKey{after: id(0)}) != nil {
		t.Fatal("a page that was never read")
	}
	for range 3 {
		if page := pageAfter(t, p, 0); len(page) != pageEvents || page[0].id != id(1) || page[0].frame == nil {
			t.Fatalf("%d entries", len(page))
		}
	}
	if len(p.cached(pageKey{after: id(0)})) != pageEvents || len(log.reads) != 1 {
		t.Fatalf("reads %v", log.reads)
	}
	for range 2 {
		if page := pageAfter(t, p, 2500); len(page) != 0 {
			t.Fatalf("%d entries after the end", len(page))
		}
	}
	if len(log.reads) != 3 {
		t.Fatalf("reads %v: the end of the log is not kept, it moves", log.reads)
	}
	if bounds, err := p.bounds(); err != nil || bounds.Top != id(2500) {
		t.Fatalf("%v %v", bounds, err)
	}
	p.forget()
	if p.cached(pageKey{after: id(0)}) != nil || p.bytes != 0 || p.memory.used.Load() != 0 {
		t.Fatalf("%d bytes are left, %d of the budget", p.bytes, p.memory.used.Load())
	}
}

// The pages that were not used for the longest time make room for others.
func TestPagesShareTheBudget(t *testing.T) {
	log := &book{last: 100_000, bytes: 100}
	one := sizeOf(pageAfter(t, newPager(log, time.Second, newBudget(1<<30)), 1000))
	memory := newBudget(2*3*one + 100)
	p := newPager(log, time.Second, memory)
	for _, after := range []int{1000, 2000, 3000} {
		pageAfter(t, p, after)
	}
	pageAfter(t, p, 1000)
	pageAfter(t, p, 4000)
	for after, kept := range map[int]bool{1000: true, 2000: false, 3000: true, 4000: true} {
		if got := p.cached(pageKey{after: id(after)}) != nil; got != kept {
			t.Errorf("the page after %d is kept: %v", after, got)
		}
	}
	if used := memory.used.Load(); used != int64(p.bytes) || p.bytes < 2*one || used > memory.max/cacheShare {
		t.Errorf("%d bytes in the cache, %d of the budget of %d", p.bytes, used, memory.max)
	}
	// Writers that need the memory leave less for pages.
	if !memory.take(int(memory.max-memory.used.Load()) - one/2) {
		t.Fatal("no memory")
	}
	pageAfter(t, p, 5000)
	if n := p.recent.Len(); n != 3 || p.cached(pageKey{after: id(5000)}) == nil {
		t.Errorf("%d pages", n)
	}
	tiny := newPager(log, time.Second, newBudget(1000))
	if page := pageAfter(t, tiny, 0); len(page) != pageEvents || tiny.bytes != 0 || tiny.memory.used.Load() != 0 {
		t.Errorf("%d entries; %d bytes of a page that is too large are kept", len(page), tiny.bytes)
	}
}

func TestTrimmedPagesAreForgotten(t *testing.T) {
	p := newPager(&book{last: 10_000}, time.Second, newBudget(1<<30))
	for _, after := range []int{100, 200, 300} {
		pageAfter(t, p, after)
	}
	p.trim(id(200))
	for after, kept := range map[int]bool{100: false, 200: true, 300: true} {
		if got := p.cached(pageKey{after: id(after)}) != nil; got != kept {
			t.Errorf("the page after %d is kept: %v", after, got)
		}
	}
	if p.memory.used.Load() != int64(p.bytes) {
		t.Errorf("%d bytes, %d of the budget", p.bytes, p.memory.used.Load())
	}
}

// Over a slow link a page of large events takes longer than the limit. The next
// read is smaller and has more time, so that there is progress in the end; and when
// the link is good again, the pages grow.
func TestSlowReadsGetSmaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		perEvent := 20 * time.Second
		log := &book{last: 100_000, delay: func(limit int) time.Duration { return time.Duration(limit) * perEvent }}
		p := newPager(log, 5*time.Second, newBudget(1<<30))
		var page []entry
		for len(page) == 0 {
			if len(log.reads) > 20 {
				t.Fatalf("no progress: %v", log.reads)
			}
			var err error
			if page, err = p.after(id(0)); err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
		}
		if last := log.reads[len(log.reads)-1]; last != 1 && last > 3 || log.reads[0] != pageEvents {
			t.Fatalf("reads %v", log.reads)
		}
		perEvent = 0
		for n := 1; n < 30; n++ {
			pageAfter(t, p, 100*n)
		}
		if last := log.reads[len(log.reads)-1]; last != pageEvents || p.limit() != 5*time.Second {
			t.Fatalf("reads %v, limit %v", log.reads, p.limit())
		}
	})
}

func TestReadsHaveALimit(t *testing.T) {
	p := newPager(nil, time.Second, newBudget(1))
	for slow, want := range map[int32]time.Duration{0: time.Second, 1: 2 * time.Second, 10: 11 * time.Second, 50: longestRead * time.Second} {
		p.slow.Store(slow)
		if got := p.limit(); got != want {
			t.Errorf("after %d slow reads the limit is %v", slow, got)
		}
	}
	for slow, want := range map[int32]int{0: pageEvents, 1: pageEvents / 2, 9: 1, maxSlow: 1} {
		p.slow.Store(slow)
		if got := p.pageLimit(); got != want {
			t.Errorf("after %d slow reads a page has %d events", slow, got)
		}
	}
}

// A store that hangs does not take all who wait for it along.
func TestReadsAtATimeAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		log := &hanging{now: &now, most: &most}
		p := newPager(log, time.Second, newBudget(1<<20))
		busy := make(chan error, 20)
		for n := range 20 {
			go func() {
				_, err := p.after(id(n))
				busy <- err
			}()
		}
		for range 20 {
			if err := <-busy; err == nil {
				t.Fatal("a store that hangs gave an answer")
			}
		}
		if most.Load() != pageReads {
			t.Fatalf("%d reads at a time", most.Load())
		}
		if p.slow.Load() == 0 || p.slow.Load() > maxSlow {
			t.Fatalf("%d slow reads", p.slow.Load())
		}
	})
}

type hanging struct {
	*memory.Store
	now, most *atomic.Int32
}

func (h *hanging) After(ctx context.Context, _ store.ID, _ int) ([]store.Event, error) {
	h.most.Store(max(h.most.Load(), h.now.Add(1)))
	defer h.now.Add(-1)
	<-ctx.Done()
	return nil, ctx.Err()
}

// deaf is a log whose reads do not end with their context.
type deaf struct {
	*memory.Store
	end chan struct{}
}

func (d *deaf) After(context.Context, store.ID, int) ([]store.Event, error) {
	<-d.end
	return nil, nil
}

func TestStoreThatIgnoresItsContextIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &deaf{memory.New(memory.Options{}), make(chan struct{})}
		p := newPager(log, time.Second, newBudget(1<<20))
		for range 2 { // the second waits for the first one's read
			begun := time.Now()
			if _, err := p.after(id(1)); !errors.Is(err, errBusy) || time.Since(begun) > 3*time.Second {
				t.Errorf("%v after %v", err, time.Since(begun))
			}
		}
		close(log.end)
		synctest.Wait()
		if page, err := p.after(id(1)); err != nil || len(page) > 0 {
			t.Errorf("%d events, %v", len(page), err)
		}
	})
}
