package nats

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/wakesocket/wakesocket/web/store"
)

var _ store.TopicFollower = (*Store)(nil)

// FollowsTopics reports whether the option is set.
func (s *Store) FollowsTopics() bool { return s.options.FollowTopics }

// FollowTopics reads the share with a consumer that has the subjects as its filter. A
// consumer is never changed: another one takes its place, from a milestone on that the
// old one has brought. So the old one has brought everything before, and nothing is
// missing or there twice.
func (s *Store) FollowTopics(ctx context.Context, from store.ID, share store.Share, sink store.ShareSink) error {
	following, cancel := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { s.trim(following) })
	beside.Go(func() { s.milestones(following) })
	defer func() { cancel(); beside.Wait() }()
	f := &shareFollower{store: s, share: share, sink: sink, at: from}
	for {
		if err := f.follow(following); err != nil {
			return err
		}
	}
}

// shareFollower reads a share of the log.
type shareFollower struct {
	store *Store
	share store.Share
	sink  store.ShareSink

	names []string // what is followed
	all   bool
	at    store.ID // everything of it was appended up to here

	unproved []store.Event // what the consumer has brought after that

	placed look // when the log was last found to have the event at f.at

	fence   uint64    // the milestone from which on other names will be followed; 0 for none
	changed time.Time // when the last change was done,
	took    time.Duration

	dropped dropped
}

var (
	errChange = errors.New("the share has changed")
	errLost   = errors.New("nats: the consumer was lost")
)

// follow follows the names of this moment until there are others.
func (f *shareFollower) follow(ctx context.Context) error {
	began := time.Now()
	f.names, f.all = f.wanted()
	f.fence = 0
	if err := f.begin(ctx); err != nil {
		return err
	}
	f.sink.Share(f.names, f.all, f.at)
	for ctx.Err() == nil {
		consumer, err := f.consumer(ctx)
		if err != nil {
			return err
		}
		f.changed, f.took = time.Now(), time.Since(began)
		switch err := f.consume(ctx, consumer); {
		case errors.Is(err, errChange):
			return nil
		case errors.Is(err, errLost):
			select { // the next one begins where this one has ended
			case <-time.After(20 * time.Millisecond):
			case <-ctx.Done():
			}
		case err != nil:
			return err
		}
		began = time.Now()
	}
	return ctx.Err()
}

// wanted is what the process wants, in as many names as a consumer can have.
func (f *shareFollower) wanted() (names []string, all bool) {
	names, all = f.share.Names()
	if !all {
		names, all = reduce(append(names, ownNames...), filtersMost)
	}
	if all {
		return nil, true
	}
	return names, false
}

// begin proves the place to go on from, or resets the sink to the end of the log.
func (f *shareFollower) begin(ctx context.Context) error {
	_, err := f.prove(ctx, f.at.Major)
	if reason, gap := store.AsGap(err); gap {
		err = f.reset(ctx, reason)
	}
	if errors.Is(err, errChange) {
		return nil
	}
	return err
}

// reset goes on from the end of the log; who calls it begins anew.
func (f *shareFollower) reset(ctx context.Context, reason string) error {
	if reason == store.Future || reason == store.Invalid {
		if err := f.store.renewEpoch(ctx); err != nil {
			return err
		}
	}
	bounds, err := f.store.Bounds(ctx)
	if err != nil {
		return err
	}
	f.at = bounds.Top
	f.sink.Reset(f.at)
	f.store.milestone(ctx, 0, store.NewEpoch()) // positions from before are not known any more
	return errChange
}

// prove fails with a gap unless the log still is the one that was read up to f.at, has
// dropped nothing after that for its age, and has this number. The event at f.at itself
// may have been dropped for newer ones of its topic. It is looked for a few times a second,
// and for each consumer: a log that loses its end loses its consumers.
func (f *shareFollower) prove(ctx context.Context, last uint64) (state, error) {
	// The end of the log must be asked for after a batch has come: up to there it may have
	// dropped events that the consumer has not brought.
	_, timeout := f.store.pages.Limits()
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	began, lost := time.Now(), f.store.lost()
	found, err := f.store.stateWith(limited, store.ID{Epoch: f.at.Epoch, Major: last})
	f.store.pages.Ended(limited, began, err) // the answer has waited behind the rest of the batch
	if err != nil {
		return found, err
	}
	if !found.newLeader && f.placed.lost == lost && began.Sub(f.placed.at) < lookEvery {
		err = misplaced(found, f.at)
	} else if _, err = f.store.after(limited, found, f.at, 0); err == nil {
		f.placed = look{at: began, lost: lost}
	}
	if reason, _ := store.AsGap(err); err != nil && reason != store.Trimmed {
		return found, err
	}
	switch {
	case last > found.last && found.newLeader:
		return found, errNewLeader
	case last > found.last:
		return found, &store.GapError{Reason: store.Future}
	case found.first > f.at.Major+1:
		return found, &store.GapError{Reason: store.Trimmed}
	}
	return found, nil
}

// consumer makes one that brings what comes after f.at.
func (f *shareFollower) consumer(ctx context.Context) (jetstream.Consumer, error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	stream, err := f.store.reach(limited)
	if err != nil {
		return nil, err
	}
	config := jetstream.ConsumerConfig{
		AckPolicy: jetstream.AckNonePolicy, DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
		OptStartSeq: f.at.Major + 1, MemoryStorage: true, Replicas: 1, InactiveThreshold: consumerIdle,
	}
	if !f.all {
		for _, name := range f.names {
			filter, _ := filterOf(f.store.options.Stream, name)
			config.FilterSubjects = append(config.FilterSubjects, filter)
		}
	}
	consumer, err := stream.CreateConsumer(limited, config)
	if err != nil {
		return nil, explain("the stream cannot be followed", err)
	}
	return consumer, nil
}

// consumerIdle is how long the server keeps a consumer that nobody asks.
const consumerIdle = 10 * time.Second

// look proves that the log can be read. When it has grown, a milestone tells whether the
// consumer has brought all of the share; one is enough for all processes.
func (f *shareFollower) look(ctx context.Context) error {
	found, err := f.prove(ctx, f.at.Major)
	if reason, gap := store.AsGap(err); gap {
		return f.reset(ctx, reason)
	}
	if err != nil {
		return err
	}
	f.sink.Append(nil)
	f.dropped.tell(f.sink, found)
	if found.last == f.at.Major || f.fence != 0 && f.unproved == nil {
		return nil
	}
	_, err = f.store.milestone(ctx, 0, "t"+strconv.FormatInt(time.Now().UnixMilli()/markEvery.Milliseconds(), 10))
	return err
}

// markEvery is the shortest time between two milestones of [shareFollower.look].
const markEvery = 250 * time.Millisecond

// catchUp reads what the consumer is too slow for, with a proof for each topic.
func (f *shareFollower) catchUp(ctx context.Context) error {
	if f.all {
		return f.catchUpAll(ctx)
	}
	for {
		limited, cancel := context.WithTimeout(ctx, timeout)
		page, err := f.store.AfterTopics(limited, f.at, f.names, pageEvents, true)
		cancel()
		if reason, gap := store.AsGap(err); gap {
			return f.reset(ctx, reason)
		}
		if err != nil {
			return err
		}
		if len(page.Events) > 0 {
			f.sink.Append(page.Events)
			f.at = page.Events[len(page.Events)-1].ID
		}
		if len(page.Events) < pageEvents/2 {
			return errLost // another consumer goes on
		}
	}
}

// catchUpAll is catchUp for all topics.
func (f *shareFollower) catchUpAll(ctx context.Context) error {
	for {
		_, events, err := f.store.readInTime(ctx, f.at)
		if reason, gap := store.AsGap(err); gap {
			return f.reset(ctx, reason)
		}
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return errLost
		}
		f.sink.Append(events)
		f.at = events[len(events)-1].ID
	}
}

// deleteConsumer ends a consumer; the server would do so itself a little later.
func (s *Store) deleteConsumer(consumer jetstream.Consumer) {
	name := consumer.CachedInfo().Name
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		s.js.DeleteConsumer(ctx, s.options.Stream, name)
	}()
}
