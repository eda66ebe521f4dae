package batch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// log commits when it is told to, and keeps what it was given.
type log struct {
	begun   chan int // size of a batch whose commit has begun
	goOn    chan struct{}
	batches [][]string
}

func newLog() *log { return &log{begun: make(chan int, 100), goOn: make(chan struct{}, 100)} }

func (l *log) commit(ctx context.Context, items []*Item) {
	l.begun <- len(items)
	select {
	case <-l.goOn:
	case <-ctx.Done():
		for _, item := range items {
			item.Err = store.OutcomeUnknown(ctx.Err())
		}
		return
	}
	var batch []string
	for i, item := range items {
		batch = append(batch, item.Topic+item.Key+string(item.Data))
		item.ID = store.ID{Epoch: "e", Major: uint64(len(l.batches)), Minor: uint64(i)}
		if string(item.Data) == "bad" {
			item.Err = store.NotStored(store.ErrInvalidEvent)
		}
	}
	l.batches = append(l.batches, batch)
}

func (b *Batcher) put(data string, options ...store.PublishOption) (store.ID, error) {
	return b.Publish(context.Background(), "t", []byte(data), options)
}

// A small batch and a large event have the time that they take on a slow link; a
// large batch does not, because it is sent on quick links only.
func TestLimit(t *testing.T) {
	const kB = 1 << 10
	synctest.Test(t, func(t *testing.T) {
		for name, test := range map[string]struct {
			sizes []int
			want  time.Duration
		}{
			"empty":       {[]int{0}, 5 * time.Second},
			"small":       {[]int{16 * kB, 48 * kB}, 6 * time.Second},
			"largest":     {[]int{128 * kB, 128 * kB}, 9 * time.Second},
			"many":        {[]int{128 * kB, 128 * kB, 128 * kB, 200 * kB}, 9 * time.Second},
			"one large":   {[]int{1024 * kB}, 21 * time.Second},
			"with others": {[]int{16 * kB, 1024 * kB, 16 * kB}, 21 * time.Second},
		} {
			var items []*Item
			for _, size := range test.sizes {
				items = append(items, &Item{Data: make([]byte, size)})
			}
			ctx, cancel := Limit(t.Context(), 5*time.Second, items)
			deadline, _ := ctx.Deadline()
			cancel()
			if got := time.Until(deadline); got != test.want {
				t.Errorf("%s: %v, want %v", name, got, test.want)
			}
		}
	})
}

// What is published during a commit makes the next batch.
func TestGathers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		b := New(l.commit)
		defer b.Close()
		var wg sync.WaitGroup
		wg.Go(func() {
			if id, err := b.put("0", store.IdempotencyKey("k")); err != nil || id != (store.ID{Epoch: "e"}) {
				t.Errorf("%v, %v", id, err)
			}
		})
		<-l.begun
		for n := range 3 {
			wg.Go(func() {
				id, err := b.put([]string{"1", "bad", "2"}[n])
				if (n == 1) != errors.Is(err, store.ErrInvalidEvent) || id.Major != 1 {
					t.Errorf("%d: %v, %v", n, id, err)
				}
			})
			synctest.Wait()
		}
		l.goOn <- struct{}{}
		if n := <-l.begun; n != 3 {
			t.Errorf("%d events in the second batch", n)
		}
		l.goOn <- struct{}{}
		wg.Wait()
		if got := fmt.Sprint(l.batches); got != "[[tk0] [t1 tbad t2]]" {
			t.Error(got)
		}
	})
}

// A batch has at most 512 events, and not much more than 256 KiB on a link of unknown
// speed.
func TestBounds(t *testing.T) {
	for name, test := range map[string]struct {
		events, size, batch int
	}{
		"events": {513, 1, 512},
		"bytes":  {5, 128 << 10, 2},
		"large":  {2, 256 << 10, 1},
		"almost": {3, 256<<10 - 1, 2},
		"fewer":  {5, 128<<10 - 1, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLog()
				b := New(l.commit)
				defer b.Close()
				go b.put("first")
				<-l.begun
				data := strings.Repeat("x", test.size)
				for range test.events {
					go b.put(data)
				}
				synctest.Wait()
				l.goOn <- struct{}{}
				if n := <-l.begun; n != test.batch {
					t.Errorf("%d events in a batch, want %d", n, test.batch)
				}
			})
		})
	}
}

// Batches grow while full ones are committed soon, up to 4 MiB, and are small again
// after a slow one: whoever sends much over a link that died waits only for as long as
// a small batch may take.
func TestBatchesGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		steps := []struct {
			took time.Duration
			err  error
			want int // events of 128 KiB
		}{
			{took: time.Millisecond, want: 1}, // the others come meanwhile
			{took: soon - 1, want: 2},
			{want: 4},
			{err: store.ErrNotStored, want: 8}, // a quick failure proves no quick link
			{want: 8},
			{want: 16},
			{want: 32},
			{want: 32},
			{took: soon, want: 32},
			{want: 2},
			{want: 4},
		}
		var sizes []int
		b := New(func(_ context.Context, items []*Item) {
			now := steps[min(len(sizes), len(steps)-1)]
			sizes = append(sizes, len(items))
			time.Sleep(now.took)
			for _, item := range items {
				item.Err = now.err
			}
		})
		defer b.Close()
		var wg sync.WaitGroup
		put := func() { b.put(strings.Repeat("x", 128<<10)) }
		wg.Go(put)
		synctest.Wait() // its commit is under way
		for range 200 {
			wg.Go(put)
		}
		wg.Wait()
		for n, s := range steps {
			if sizes[n] != s.want {
				t.Errorf("batch %d has %d events, want %d", n, sizes[n], s.want)
			}
		}
	})
}

// Who gives up before the commit begins has certainly not published; during it, the
// outcome is unknown.
func TestGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		b := New(l.commit)
		ctx, cancel := context.WithCancel(context.Background())
		outcomes := make(chan error, 2)
		put := func() {
			_, err := b.Publish(ctx, "t", []byte("1"), nil)
			outcomes <- err
		}
		go put()
		<-l.begun
		synctest.Wait()
		go put()
		synctest.Wait()
		cancel()
		first, second := <-outcomes, <-outcomes
		if errors.Is(first, store.ErrNotStored) {
			first, second = second, first
		}
		if !errors.Is(first, store.ErrOutcomeUnknown) || !errors.Is(first, context.Canceled) {
			t.Errorf("during the commit: %v", first)
		}
		if !errors.Is(second, store.ErrNotStored) || !errors.Is(second, context.Canceled) {
			t.Errorf("before the commit: %v", second)
		}
		go b.put("2")
		synctest.Wait()
		l.goOn <- struct{}{}
		if n := <-l.begun; n != 1 {
			t.Errorf("%d events are committed, one is wanted", n)
		}
		b.Close()
	})
}

// What waits for its sync holds no data: the log has them.
func TestCommitFreesData(t *testing.T) {
	l := newLog()
	l.goOn <- struct{}{}
	item := &Item{Data: []byte("1")}
	(&Batcher{commit: l.commit, closed: t.Context()}).commitTimed([]*Item{item})
	if item.Data != nil || item.Err != nil {
		t.Errorf("%q, %v", item.Data, item.Err)
	}
}

// What waits in the queue and is given up holds no data.
func TestGiveUpFreesData(t *testing.T) {
	item := &Item{Data: []byte("1")}
	if err := item.abandon(context.Canceled); !errors.Is(err, store.ErrNotStored) || item.Data != nil {
		t.Errorf("%v, %q", err, item.Data)
	}
	item = &Item{Data: []byte("1")}
	item.state.Store(committing)
	if err := item.abandon(context.Canceled); !errors.Is(err, store.ErrOutcomeUnknown) || item.Data == nil {
		t.Errorf("%v, %q", err, item.Data)
	}
}

// A full queue makes publishers wait, each for as long as it likes.
func TestFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		b := New(l.commit)
		go b.put("first")
		<-l.begun
		for range 1024 {
			go b.put("1")
		}
		synctest.Wait()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := b.Publish(ctx, "t", []byte("1"), nil); !errors.Is(err, store.ErrNotStored) || !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		closed := make(chan error)
		go func() { _, err := b.put("1"); closed <- err }()
		synctest.Wait()
		b.Close()
		if err := <-closed; !errors.Is(err, store.ErrClosed) || !errors.Is(err, store.ErrNotStored) {
			t.Error(err)
		}
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		b := New(l.commit)
		outcomes := make(chan error, 2)
		put := func() { _, err := b.put("1"); outcomes <- err }
		go put()
		<-l.begun
		go put()
		synctest.Wait()
		b.Close() // ends the commit
		for range 2 {
			if err := <-outcomes; !errors.Is(err, store.ErrNotStored) && !errors.Is(err, store.ErrOutcomeUnknown) {
				t.Error(err)
			}
		}
		if _, err := b.put("1"); !errors.Is(err, store.ErrClosed) || !errors.Is(err, store.ErrNotStored) {
			t.Error(err)
		}
	})
}

func TestRefuses(t *testing.T) {
	l := newLog()
	b := New(l.commit)
	defer b.Close()
	if _, err := b.Publish(context.Background(), "", []byte("1"), nil); !errors.Is(err, store.ErrInvalidTopic) {
		t.Error(err)
	}
	if _, err := b.put("1", store.IdempotencyKey("")); !errors.Is(err, store.ErrInvalidKey) {
		t.Error(err)
	}
}
