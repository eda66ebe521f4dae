package feed

import (
	"context"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// follow keeps the ring at the end of the log, whatever happens to the store.
func (f *Feed) follow(ctx context.Context) {
	for pause := 50 * time.Millisecond; ctx.Err() == nil; {
		_, top, _ := f.ring.head() // zero before the log was first reached
		s := &sink{feed: f}
		err := f.followOnce(ctx, top, s)
		if ctx.Err() != nil {
			return
		}
		if s.used {
			pause = 50 * time.Millisecond
		}
		f.options.Observer.StoreFailed(operationFollow)
		f.options.Logger.Error("log cannot be followed; trying again", "error", err, "retry_in", pause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause = min(2*pause, 2*time.Second)
	}
}

func (f *Feed) followOnce(ctx context.Context, from store.ID, s *sink) error {
	if f.share != nil {
		return topicFollowerOf(f.options.Store.(shieldedStore)).FollowTopics(ctx, from, f.share, s)
	}
	return f.options.Store.Follow(ctx, from, s)
}

// sink puts what the store reads into the ring.
type sink struct {
	feed *Feed
	used bool
}

func (s *sink) Reset(top store.ID) {
	f := s.feed
	s.used = true
	_, before, again := f.ring.head()
	f.newest.reset(top)
	f.pager.forget()
	f.health.reached(top)
	if again && before.Epoch == top.Epoch {
		f.options.Logger.Warn("events left the log before this feed had read them; clients that want them are told of a gap", "after", before, "position", top)
	} else if again {
		f.options.Logger.Warn("log epoch changed; clients reconnect and are told of a gap", "epoch", top.Epoch)
	} else {
		f.health.begin(time.Now())
		f.options.Observer.LogLive(true)
		close(f.reached)
	}
	f.wakeAll()
}

func (s *sink) Append(events []store.Event) {
	f := s.feed
	s.used = true
	if len(events) == 0 {
		return // the log was read, and nothing new was there
	}
	entries := encodeAll(events)
	for i, e := range entries {
		if e.topic == controlTopic {
			f.control(events[i])
		} else if e.frame == nil && !store.IsMilestone(e.topic) {
			f.options.Logger.Warn("event in the log is not JSON; it is not sent", "id", e.id.String(), "topic", e.topic)
		}
	}
	from, before := f.newest.append(entries)
	f.health.reached(entries[len(entries)-1].id)
	f.options.Observer.EventsRead(len(entries))
	f.wanting.offer(from, before, entries)
	f.sampling.announce(entries)
}

func (s *sink) Trim(base store.ID) {
	s.feed.ring.trim(base)
	s.feed.pager.trim(base)
}

func (s *sink) Share(names []string, all bool, at store.ID) {
	f := s.feed
	s.used = true
	if f.ring.follow(names, all, at) {
		f.newest.recount()
	}
	f.share.announce()
}

// wakeAll starts the writer of every client.
func (f *Feed) wakeAll() {
	for _, c := range f.snapshot() {
		c.wake()
	}
}

// sweep drops clients whose writes are stuck or who have gone silent. One look at
// all of them now and then costs less than a timer for each write.
func (f *Feed) sweep(ctx context.Context) {
	every := f.options.WriteTimeout
	if f.options.Silence > 0 {
		every = min(every, f.options.Silence)
	}
	ticker := time.NewTicker(min(max(every/8, 5*time.Millisecond), time.Second))
	defer ticker.Stop()
	for {
		f.swept.store(time.Now())
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		now := time.Now()
		for _, c := range f.snapshot() {
			c.check(now)
		}
		if f.memory.exceeded() {
			f.dropMostStuck()
		}
	}
}

// dropMostStuck makes room when the memory budget is used up: it drops the client
// whose write has made no progress for the longest time.
func (f *Feed) dropMostStuck() {
	const least = time.Second // a client that only reads slowly stays
	var worst *client
	now, longest := time.Now(), least
	for _, c := range f.snapshot() {
		if stuck := c.network.stuck(now); stuck > longest {
			worst, longest = c, stuck
		}
	}
	if worst != nil {
		worst.abort(causeSlow)
	}
}
