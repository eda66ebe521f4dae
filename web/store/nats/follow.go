package nats

import (
	"context"
	"fmt"
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

func (s *Store) follow(ctx context.Context, from store.ID, sink store.Sink) error {
	news, stop, err := s.listen(ctx)
	if err != nil {
		return err
	}
	defer stop()
	var dropped dropped
	for {
		state, events, err := s.readInTime(ctx, from)
		if reason, gap := store.AsGap(err); gap {
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
		if len(events) > 0 {
			from = events[len(events)-1].ID
		}
		sink.Append(events)
		dropped.tell(sink, state)
		if len(events) > 0 && from.Major < state.last {
			continue
		}
		// What came after the state was told is in the news.
		select {
		case <-news:
		case <-time.After(poll):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
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

// listen returns a channel that gets something when there are new messages. Its
// consumer is made anew by the client when it is lost; meanwhile the follower polls.
func (s *Store) listen(ctx context.Context) (news <-chan struct{}, stop func(), err error) {
	stream, err := s.reach(ctx)
	if err != nil {
		return nil, nil, err
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	consumer, err := stream.OrderedConsumer(limited, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverNewPolicy, HeadersOnly: true,
	})
	if err != nil {
		return nil, nil, explain("the stream cannot be followed", err)
	}
	woken := make(chan struct{}, 1)
	consuming, err := consumer.Consume(func(jetstream.Msg) {
		select {
		case woken <- struct{}{}:
		default:
		}
	}, jetstream.ConsumeErrHandler(func(jetstream.ConsumeContext, error) {})) // it goes on by itself
	if err != nil {
		return nil, nil, explain("the stream cannot be followed", err)
	}
	return woken, consuming.Stop, nil
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
