package batch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// disk is a log whose commits and syncs take a while.
type disk struct {
	commitTakes, syncTakes time.Duration
	fails                  error

	mu    sync.Mutex
	steps []string
}

func (d *disk) step(text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.steps = append(d.steps, text)
}

func (d *disk) commit(_ context.Context, items []*Item) {
	time.Sleep(d.commitTakes)
	d.step(fmt.Sprintf("commit %d", len(items)))
	for _, item := range items {
		if string(item.Data) == "bad" {
			item.Err = store.NotStored(store.ErrInvalidEvent)
		}
	}
}

func (d *disk) sync() error {
	time.Sleep(d.syncTakes)
	d.step("sync")
	return d.fails
}

// publish has one publisher after the other begin, each at its millisecond, and
// returns when each of them was answered.
func (d *disk) publish(t *testing.T, at ...int) (answered []int) {
	b := NewSynced(d.commit, d.sync)
	defer b.Close()
	began := time.Now()
	answered = make([]int, len(at))
	var wg sync.WaitGroup
	for i, ms := range at {
		wg.Go(func() {
			time.Sleep(time.Duration(ms) * time.Millisecond)
			if _, err := b.put("1"); err != nil {
				t.Error(err)
			}
			answered[i] = int(time.Since(began).Milliseconds())
		})
	}
	wg.Wait()
	return answered
}

func TestSync(t *testing.T) {
	for _, test := range []struct {
		name         string
		commit, sync int // ms that each takes
		at           []int
		steps        []string
		answered     []int
	}{
		{"one publisher waits for a commit and a sync", 1, 5, []int{0}, []string{"commit 1", "sync"}, []int{6}},
		{"the first sync waits for nobody, and the next commit not for it", 2, 5, []int{0, 1}, []string{"commit 1", "commit 1", "sync", "sync"}, []int{7, 12}},
		{"then what comes during a commit shares the sync", 2, 5, []int{0, 20, 21, 21},
			[]string{"commit 1", "sync", "commit 1", "commit 2", "sync"}, []int{7, 29, 29, 29}},
		{"what comes during a slow sync makes the next commit, when it has ended", 2, 5, []int{0, 20, 23, 24},
			[]string{"commit 1", "sync", "commit 1", "sync", "commit 2", "sync"}, []int{7, 27, 34, 34}},
		{"what comes during a quick sync is committed beside it", 5, 3, []int{0, 20, 22, 26, 26, 40},
			[]string{"commit 1", "sync", "commit 1", "sync", "commit 1", "sync", "commit 2", "sync", "commit 1", "sync"}, []int{8, 28, 33, 38, 38, 48}},
		{"nobody waits for others longer than a sync takes", 3, 5, []int{0, 20, 22, 25, 28},
			[]string{"commit 1", "sync", "commit 1", "commit 1", "commit 1", "sync", "commit 1", "sync"}, []int{8, 31, 31, 37, 37}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &disk{commitTakes: time.Duration(test.commit) * time.Millisecond, syncTakes: time.Duration(test.sync) * time.Millisecond}
				if answered := d.publish(t, test.at...); !slices.Equal(answered, test.answered) || !slices.Equal(d.steps, test.steps) {
					t.Errorf("answered at %v after %q, want %v after %q", answered, d.steps, test.answered, test.steps)
				}
			})
		})
	}
}

// A sync has room for so many events; those who come later share the next one.
func TestSyncIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{commitTakes: 2 * time.Millisecond, syncTakes: time.Hour}
		later := 2 * int(time.Hour/time.Millisecond)
		d.publish(t, append([]int{0, later}, slices.Repeat([]int{later + 1}, maxUnsynced+1)...)...)
		want := append([]string{"commit 1", "sync", "commit 1"}, slices.Repeat([]string{fmt.Sprintf("commit %d", maxItems)}, maxUnsynced/maxItems)...)
		if want = append(want, "sync", "commit 1", "sync"); !slices.Equal(d.steps, want) {
			t.Errorf("%q, want %q", d.steps, want)
		}
	})
}

// An event that was acknowledged was written before a sync began that succeeded, however
// long commits and syncs take and whichever of them fail. Each publisher has its events
// in the log in its order, one sync runs at a time, and nobody is left without an answer.
func TestAcknowledgedIsSynced(t *testing.T) {
	for seed := range uint64(50) {
		synctest.Test(t, func(t *testing.T) {
			var (
				mu       sync.Mutex
				random   = rand.New(rand.NewPCG(seed, 0))
				written  []string
				synced   = map[string]bool{}
				syncing  bool
				disk     = errors.New("disk")
				failures int
			)
			pause := func() {
				mu.Lock()
				pause := time.Duration(random.ExpFloat64() * float64(time.Millisecond))
				mu.Unlock()
				time.Sleep(pause)
			}
			b := NewSynced(func(_ context.Context, items []*Item) {
				for _, item := range items {
					if len(items) < 4 || len(item.Data)%2 == 0 {
						pause()
					}
					mu.Lock()
					if random.IntN(10) == 0 {
						item.Err = store.NotStored(store.ErrInvalidEvent)
					} else {
						written = append(written, string(item.Data))
						item.ID.Major = uint64(len(written))
					}
					mu.Unlock()
				}
			}, func() error {
				mu.Lock()
				if syncing {
					t.Error("two syncs at once")
				}
				syncing = true
				began := slices.Clone(written)
				mu.Unlock()
				pause()
				pause()
				mu.Lock()
				defer mu.Unlock()
				syncing = false
				if random.IntN(10) == 0 {
					failures++
					return disk
				}
				for _, event := range began {
					synced[event] = true
				}
				return nil
			})
			var publishers sync.WaitGroup
			for p := range 1 + int(seed)%20 {
				publishers.Go(func() {
					last := uint64(0)
					for n := range 20 {
						event := fmt.Sprintf("%d/%d", p, n)
						id, err := b.put(event)
						mu.Lock()
						switch {
						case err == nil && (!synced[event] || id.Major <= last || written[id.Major-1] != event):
							t.Errorf("%s was acknowledged as %d after %d; synced: %v", event, id.Major, last, synced[event])
						case err != nil && !errors.Is(err, store.ErrInvalidEvent) && (!errors.Is(err, disk) || failures == 0):
							t.Errorf("%s: %v", event, err)
						}
						last = max(last, id.Major)
						mu.Unlock()
					}
				})
			}
			publishers.Wait()
			b.Close()
		})
	}
}

// Close while one group is committed and another synced waits for both; each publisher
// is answered.
func TestCloseWhileSyncing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{commitTakes: 2 * time.Millisecond, syncTakes: 10 * time.Millisecond}
		b := NewSynced(d.commit, d.sync)
		outcomes := make(chan error, 3)
		for range 3 {
			go func() { _, err := b.put("1"); outcomes <- err }()
			time.Sleep(3 * time.Millisecond) // the first is synced, the second committed, the third waits
		}
		b.Close()
		if want := []string{"commit 1", "commit 1", "sync", "sync"}; !slices.Equal(d.steps, want) {
			t.Errorf("%q, want %q", d.steps, want)
		}
		for range 3 {
			if err := <-outcomes; err != nil && !errors.Is(err, store.ErrClosed) {
				t.Error(err)
			}
		}
	})
}

func TestSyncFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{fails: errors.New("disk")}
		b := NewSynced(d.commit, d.sync)
		defer b.Close()
		if _, err := b.put("1"); !errors.Is(err, store.ErrOutcomeUnknown) || !errors.Is(err, d.fails) {
			t.Errorf("%v", err)
		}
		if _, err := b.put("bad"); !errors.Is(err, store.ErrNotStored) || errors.Is(err, d.fails) {
			t.Errorf("an event that was refused: %v", err)
		}
	})
}
