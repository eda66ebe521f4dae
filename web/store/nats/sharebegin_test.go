package nats_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/nats"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// callLog is a sink that notes its calls.
type callLog struct {
	shareLog
	calls []string
}

func (l *callLog) note(call string, at store.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, fmt.Sprint(call, " ", at))
}

func (l *callLog) Reset(top store.ID) {
	l.note("reset", top)
	l.shareLog.Reset(top)
}

func (l *callLog) Share(names []string, all bool, at store.ID) {
	l.note("share", at)
	l.shareLog.Share(names, all, at)
}

// beginnings are places to follow a log from, when it has two events.
var beginnings = map[string]struct {
	from  func(last store.ID) store.ID
	reset bool
	anew  bool // the epoch
}{
	"the newest event": {func(last store.ID) store.ID { return last }, false, false},
	"nowhere":          {func(store.ID) store.ID { return store.ID{} }, true, false},
	"another epoch":    {func(last store.ID) store.ID { last.Epoch = "another"; return last }, true, false},
	"a later event":    {func(last store.ID) store.ID { last.Major += 1000; return last }, true, true},
	"another event":    {func(last store.ID) store.ID { last.Minor++; return last }, true, true},
}

// A sink is told of a share only from a place that the log has: another one is replaced
// first. Where the log has lost its end, it gets another epoch.
func TestShareBegins(t *testing.T) {
	t.Parallel()
	for name, test := range beginnings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openShared(t, backend.NewName(), nats.Options{EventsPerTopic: 100})
			publishOn(t, s, "a")
			last := publishOn(t, s, "a")
			sink := &callLog{}
			defer followShare(t, s, test.from(last), newFixedShare("a"), sink)()
			storetest.Eventually(t, "the share is followed", func() bool { return sink.follows("a") })
			next := publishOn(t, s, "a")
			storetest.Eventually(t, "the next event is there", func() bool { numbers, _ := sink.numbers(); return len(numbers) > 0 })
			sink.mu.Lock()
			defer sink.mu.Unlock()
			want := []string{fmt.Sprint("share ", last)}
			if test.reset {
				want = []string{fmt.Sprint("reset ", sink.top), fmt.Sprint("share ", sink.top)}
			}
			calls := slices.Compact(sink.calls)
			if !slices.Equal(calls, want) || len(sink.events) != 1 || sink.events[0].ID.Major != next.Major {
				t.Errorf("%q, then %+v; want %q, then %v", calls, sink.events, want, next)
			}
			if anew := sink.events[0].ID.Epoch != last.Epoch; anew != test.anew {
				t.Errorf("another epoch: %v", anew)
			}
		})
	}
}

// The same for a follower of everything, which goes on after a reset.
func TestFollowBegins(t *testing.T) {
	t.Parallel()
	for name, test := range beginnings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := backend.New(t, storetest.Log{})
			publishOn(t, s, "a")
			last := publishOn(t, s, "a")
			sink, ended := &shareLog{}, make(chan error, 1)
			ctx, cancel := context.WithCancel(t.Context())
			go func() { ended <- s.Follow(ctx, test.from(last), sink) }()
			if test.reset {
				storetest.Eventually(t, "the sink is reset", func() bool { _, resets := sink.numbers(); return resets > 0 })
			}
			next := publishOn(t, s, "a")
			storetest.Eventually(t, "the next event is there", func() bool { numbers, _ := sink.numbers(); return len(numbers) > 0 || len(ended) > 0 })
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("it ends: %v", err)
			}
			if len(sink.events) != 1 || sink.events[0].ID != next || sink.resets > 1 || (sink.resets > 0) != test.reset || next.Epoch != last.Epoch != test.anew {
				t.Errorf("%+v after %d resets, want %v after %v", sink.events, sink.resets, next, last)
			}
		})
	}
}

// timedMilestones is a sink that notes the milestones of the clock.
type timedMilestones struct {
	shareLog
	every time.Duration
	seen  int // later than the newest event
}

func (l *timedMilestones) Append(events []store.Event) {
	l.shareLog.Append(events)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range events {
		if !store.IsMilestone(e.Topic) {
			l.seen = 0
		} else if n, err := strconv.ParseInt(strings.TrimPrefix(e.Topic, store.MilestoneTopic("")), 10, 64); err == nil {
			if age := time.Since(time.Unix(0, n*int64(l.every))); age > -time.Hour && age < time.Hour {
				l.seen++
			}
		}
	}
}

// A follower whose share is busy has milestones written, too: they prove the places of
// the clients whose topics are quiet.
func TestBusyShareHasMilestones(t *testing.T) {
	t.Parallel()
	s := openShared(t, backend.NewName(), nats.Options{EventsPerTopic: 100})
	sink := &timedMilestones{every: 50 * time.Millisecond}
	nats.SetMilestoneEvery(s, sink.every)
	defer followShare(t, s, store.ID{}, newFixedShare("busy"), sink)()
	storetest.Eventually(t, "the share is followed", func() bool { return sink.follows("busy") })
	for n := 1; n <= 2; n++ {
		publishOn(t, s, "busy")
		storetest.Eventually(t, "a milestone comes after the event", func() bool {
			numbers, _ := sink.numbers()
			sink.mu.Lock()
			defer sink.mu.Unlock()
			return len(numbers) == n && sink.seen > 0
		})
	}
}
