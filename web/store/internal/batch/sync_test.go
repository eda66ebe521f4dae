package batch

import (
	"context"
	"errors"
	"fmt"
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
	steps                  []string
}

func (d *disk) commit(_ context.Context, items []*Item) {
	time.Sleep(d.commitTakes)
	d.steps = append(d.steps, fmt.Sprintf("commit %d", len(items)))
	for _, item := range items {
		if string(item.Data) == "bad" {
			item.Err = store.NotStored(store.ErrInvalidEvent)
		}
	}
}

func (d *disk) sync() error {
	time.Sleep(d.syncTakes)
	d.steps = append(d.steps, "sync")
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
		{"the first sync waits for nobody", 2, 5, []int{0, 1}, []string{"commit 1", "sync", "commit 1", "sync"}, []int{7, 14}},
		{"then what comes during a commit shares the sync", 2, 5, []int{0, 20, 21, 21},
			[]string{"commit 1", "sync", "commit 1", "commit 2", "sync"}, []int{7, 29, 29, 29}},
		{"what comes during a sync makes the next commit", 2, 5, []int{0, 20, 23, 24},
			[]string{"commit 1", "sync", "commit 1", "sync", "commit 2", "sync"}, []int{7, 27, 34, 34}},
		{"nobody waits for others longer than a sync takes", 3, 5, []int{0, 20, 22, 25, 28},
			[]string{"commit 1", "sync", "commit 1", "commit 1", "commit 1", "sync", "commit 1", "sync"}, []int{8, 34, 34, 34, 42}},
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
		d := &disk{commitTakes: time.Millisecond, syncTakes: time.Hour}
		d.publish(t, append([]int{0}, slices.Repeat([]int{1}, maxUnsynced+1)...)...)
		commits := slices.Index(d.steps[2:], "sync")
		if want := maxUnsynced / maxItems; commits != want || d.steps[2] != fmt.Sprintf("commit %d", maxItems) {
			t.Errorf("%d commits share a sync, want %d: %q", commits, want, d.steps)
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
