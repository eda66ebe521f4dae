package nats

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/wakesocket/wakesocket/web/store"
)

const (
	poll       = store.FollowInterval * 3 / 4 // longest wait for news
	pageEvents = 1000
	trimEvery  = time.Second
)

// Follow waits for the headers of new messages, which are a wake-up only: what is
// handed on is read and proved like any other page.
func (s *Store) Follow(ctx context.Context, from store.ID, sink store.Sink) error {
	following, cancel := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { s.trim(following) })
	beside.Go(func() { s.milestones(following) })
	defer func() { cancel(); beside.Wait() }()
	return s.follow(following, from, sink)
}

// follow asks what the log is, and reads a page like any other. While that answer is
// young, news are read with one question, which proves the place that was read up to: a
// log that has lost it has another event there, or none. What the question does not prove
// is asked right after, and a few times a second at most: that the epoch still is the same,
// and that the leader of the log has a quorum. So events may be handed on with an epoch that
// has just ended; the reset that follows tells of the gap.
func (s *Store) follow(ctx context.Context, from store.ID, sink store.Sink) error {
	news, err := s.listen(ctx)
	if err != nil {
		return err
	}
	defer news.stop()
	var looked look
	var dropped dropped
	for {
		if news.newest.Load() > from.Major && looked.holds(s) {
			if events := s.nextTold(ctx, from, looked.copies); len(events) > 0 {
				from = events[len(events)-1].ID
				sink.Append(events)
				if time.Since(looked.at) < lookEvery {
					if news.newest.Load() <= from.Major {
						if err := news.wait(ctx, from.Major); err != nil {
							return err
						}
					}
					continue
				}
			}
		}
		looked = look{at: time.Now(), lost: s.lost()}
		state, events, err := s.readInTime(ctx, from)
		if reason, gap := store.AsGap(err); gap {
			looked = look{}
			lost, err := endIsLost(ctx, reason, from, state, s.state)
			if err != nil {
				return err
			}
			if lost {
				// Whoever holds a lost id must not take a later event for the next one.
				if err := s.renewEpoch(ctx); err != nil {
					return err
				}
			}
			bounds, err := s.Bounds(ctx)
			if err != nil {
				return err
			}
			from = bounds.Top
			sink.Reset(from)
			if reason == store.Trimmed && s.DropsByTopic() { // those from before are not known any more
				s.milestone(ctx, 0, store.NewEpoch())
			}
			continue
		}
		if err != nil {
			return err
		}
		looked.copies = state.copies
		if state.newLeader { // it may be one that has lost its end: each page asks
			looked = look{}
		}
		if len(events) > 0 {
			from = events[len(events)-1].ID
		}
		sink.Append(events)
		dropped.tell(sink, state)
		if len(events) > 0 && from.Major < state.last {
			continue
		}
		// What came after the state was told is in the news.
		if err := news.wait(ctx, from.Major); err != nil {
			return err
		}
	}
}

// look is when a follower last asked what the log is.
type look struct {
	at   time.Time
	lost uint64 // how often the connection had been lost by then

	copies int // servers that had the log
}

// lookEvery is the shortest time between two questions that need not be.
const lookEvery = 250 * time.Millisecond

// holds reports whether the answer is young, and the server has not gone since: it may
// have lost its end.
func (l look) holds(s *Store) bool { return time.Since(l.at) < trust && l.lost == s.lost() }

// nextTold reads the next page after id. A server of a cluster may have an event before its
// leader does. Whoever got that and asked the leader for more would be told that the log has
// lost it; so the leader is asked meanwhile, and what it does not have yet comes later.
func (s *Store) nextTold(ctx context.Context, id store.ID, copies int) []store.Event {
	if copies == 1 {
		return s.next(ctx, id, pageEvents)
	}
	limited, cancel := context.WithTimeout(ctx, store.FollowInterval) // without a leader, asking again shows it
	defer cancel()
	told := s.beside(limited)
	events := s.next(ctx, id, pageEvents)
	found, err := told()
	if err != nil {
		return nil
	}
	return heldBy(found, events)
}

// heldBy are the events that a log in this state has.
func heldBy(found state, events []store.Event) []store.Event {
	return slices.DeleteFunc(events, func(e store.Event) bool { return e.ID.Epoch != found.epoch || e.ID.Major > found.last })
}

// endIsLost says whether a gap after an id means that the log has lost its end. The
// newest event may also have been pushed out by others since the state was read: then
// the log has a later one by now.
func endIsLost(ctx context.Context, reason string, id store.ID, read state, ask func(context.Context) (state, error)) (bool, error) {
	if reason != store.Trimmed || id.Major != read.last {
		return reason == store.Future || reason == store.Invalid, nil
	}
	now, err := ask(ctx)
	return now.last == id.Major, err
}

// dropped tells a sink up to where the log has dropped everything. The stream is
// trimmed with each message; to hear of that now and then is enough.
type dropped struct {
	base uint64
	at   time.Time
}

func (d *dropped) tell(sink store.Sink, state state) {
	if now := time.Now(); state.first-1 != d.base && now.Sub(d.at) >= trimEvery {
		d.base, d.at = state.first-1, now
		sink.Trim(store.ID{Epoch: state.epoch, Major: state.first, Minor: 1<<64 - 1})
	}
}

// readInTime reads a page with its time limit.
func (s *Store) readInTime(ctx context.Context, from store.ID) (state, []store.Event, error) {
	_, timeout := s.pages.Limits()
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	found, err := s.stateWith(limited, from)
	if err != nil {
		return found, nil, err
	}
	events, err := s.after(limited, found, from, pageEvents)
	return found, events, err
}

// trim deletes what is too old by the clock of the server, until the context ends.
// The newest event that is too old stays: it proves the place before the rest.
func (s *Store) trim(ctx context.Context) {
	if s.options.Age <= 0 {
		return
	}
	ticker := time.NewTicker(trimEvery)
	defer ticker.Stop()
	for {
		for {
			more, err := s.trimPage(ctx)
			if err != nil || !more {
				break // a lost connection is for the follower to find
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *Store) trimPage(ctx context.Context) (more bool, err error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	stream, err := s.reach(limited)
	if err != nil {
		return false, err
	}
	info, err := stream.Info(limited)
	if err != nil || info.State.Msgs < 2 {
		return false, err
	}
	messages, err := s.batch(limited, state{last: info.State.LastSeq}, info.State.FirstSeq, pageEvents)
	if err != nil {
		return false, err
	}
	old := uint64(0)
	for _, m := range messages {
		if info.TimeStamp.Sub(m.time) <= s.options.Age {
			break
		}
		old = m.sequence
	}
	if old <= info.State.FirstSeq {
		return false, nil
	}
	if err := stream.Purge(limited, jetstream.WithPurgeSequence(old)); err != nil {
		return false, fmt.Errorf("nats: trimming: %w", err)
	}
	return old == messages[len(messages)-1].sequence, nil
}
