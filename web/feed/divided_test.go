package feed

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// divided is a thinned log as one process sees it that follows its share.
type divided struct {
	*thinned
	appended atomic.Int64 // events that this process has read
	changes  atomic.Int64 // of what it follows
	deaf     atomic.Bool  // the share stays as it is
}

func (l *divided) FollowsTopics() bool { return true }

func (l *divided) FollowTopics(ctx context.Context, from store.ID, share store.Share, sink store.ShareSink) error {
	var names []string
	var all, quiet bool
	wanted := func(topic string) bool {
		return all || topic == store.ControlTopic || store.IsMilestone(topic) ||
			slices.ContainsFunc(names, func(name string) bool { return wire.MatchTopic(name, topic) })
	}
	reset := func() {
		bounds, _ := l.Bounds(ctx)
		from = bounds.Top
		sink.Reset(from)
		sink.Share(names, all, from)
		l.milestone()
	}
	// read appends what there is up to a place.
	read := func(end uint64) {
		l.mu.Lock()
		err := l.from(from, true, wanted)
		var events []store.Event
		end = min(end, uint64(len(l.events)))
		for i := from.Major; i < end && err == nil; i++ {
			if l.kept[i] && wanted(l.events[i].Topic) {
				events = append(events, l.events[i])
			}
		}
		l.mu.Unlock()
		if err != nil {
			reset()
			return
		}
		from.Major = max(from.Major, end)
		l.appended.Add(int64(len(events)))
		sink.Append(events)
		quiet = len(events) == 0
	}
	names, all = share.Names()
	if from.IsZero() {
		reset()
	} else {
		sink.Share(names, all, from)
	}
	for ctx.Err() == nil {
		l.mu.Lock()
		grown, slow, end := l.grown, l.slow, uint64(len(l.events))
		l.mu.Unlock()
		if !slow && end > from.Major {
			read(end)
			continue
		}
		select {
		case <-share.Changed():
			if l.deaf.Load() {
				continue
			}
			l.changes.Add(1)
			l.milestone()
			l.mu.Lock()
			fence := uint64(len(l.events))
			l.mu.Unlock()
			read(fence)
			names, all = share.Names()
			sink.Share(names, all, from)
		case <-grown:
		case <-time.After(store.FollowInterval / 2):
			if sink.Append(nil); quiet {
				l.milestone()
			}
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}
