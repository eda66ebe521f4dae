package feed

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// attempts is a log that fails at once; reached tells which attempts got to the log.
type attempts struct {
	store.Store
	reached []bool
	times   []time.Time
	from    []store.ID
	stop    context.CancelFunc
}

func (a *attempts) Follow(ctx context.Context, from store.ID, sink store.Sink) error {
	n := len(a.times)
	a.times, a.from = append(a.times, time.Now()), append(a.from, from)
	if n == len(a.reached) {
		a.stop()
		return ctx.Err()
	}
	if a.reached[n] {
		if from.IsZero() {
			sink.Reset(id(7))
		} else {
			sink.Append(nil)
		}
	}
	return errors.New("no route to the log")
}

// A store that fails is followed again after a pause that grows while the log is
// not reached, from where the ring ends.
func TestFollowTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(context.Background())
		log := &attempts{stop: stop, reached: []bool{false, false, true, false, true, false, false, false, false, false, false, false, false}}
		seen := &noted{}
		f := &Feed{
			options: Options{Store: log, Observer: seen, Logger: slog.New(slog.DiscardHandler)},
			ring:    newRing(4, 1<<10), wanting: newSubscribers(), sampling: newSubscribers(), reached: make(chan struct{}),
		}
		f.newest = newNewest(f.ring, 1)
		f.pager = newPager(log, time.Second, newBudget(1))
		f.follow(ctx)
		var pauses []int
		for i := 1; i < len(log.times); i++ {
			pauses = append(pauses, int(log.times[i].Sub(log.times[i-1]).Milliseconds()))
		}
		if want := []int{50, 100, 50, 100, 50, 100, 200, 400, 800, 1600, 2000, 2000, 2000}; !slices.Equal(pauses, want) {
			t.Errorf("pauses %v, want %v", pauses, want)
		}
		if !log.from[2].IsZero() || log.from[3] != id(7) {
			t.Errorf("followed from %v", log.from)
		}
		if n := seen.failures(operationFollow); n != int64(len(log.reached)) {
			t.Errorf("%d failures counted", n)
		}
	})
}
