package nats

import (
	"context"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/wakesocket/wakesocket/web/store"
)

// consume hands on what the consumer brings, until it is lost, the share has changed or
// the context ends.
func (f *shareFollower) consume(ctx context.Context, consumer jetstream.Consumer) error {
	defer f.store.deleteConsumer(consumer)
	f.unproved = nil // it begins after f.at
	f.placed = look{}
	number := uint64(0) // of the newest message of the consumer
	for large := false; ; {
		batch, err := f.fetch(consumer, large)
		if err != nil {
			return errLost
		}
		before := number
		for open := true; open; {
			var messages []jetstream.Msg
			changed, soon := f.changes()
			select {
			case m, ok := <-batch.Messages():
				if open = ok; ok {
					messages = append(messages, m)
				}
			case <-changed:
				if err := f.prepareChange(ctx); err != nil {
					return err
				}
			case <-soon:
			case <-ctx.Done():
				return ctx.Err()
			}
			for more := len(messages) > 0; more; {
				select {
				case m, ok := <-batch.Messages():
					if more, open = ok, ok; ok {
						messages = append(messages, m)
					}
				default:
					more = false
				}
			}
			if number, err = f.take(ctx, messages, number); err != nil {
				return err
			}
		}
		if batch.Error() != nil {
			return errLost
		}
		large = number == before
		if err := f.look(ctx); err != nil {
			return err
		}
	}
}

// fetch asks for a page of messages. The server brings none when the next one is larger
// than a page: that one is asked for alone.
func (f *shareFollower) fetch(consumer jetstream.Consumer, large bool) (jetstream.MessageBatch, error) {
	if large {
		return consumer.Fetch(1, jetstream.FetchMaxWait(poll))
	}
	bytes, _ := f.store.pages.Limits()
	return consumer.Fetch(pageEvents, jetstream.FetchMaxWait(poll), jetstream.FetchMaxBytes(bytes))
}

// changes gets a value when the share may have changed, but not right after a change:
// those of many clients are done together, and a change takes a small part of the time.
func (f *shareFollower) changes() (changed <-chan struct{}, soon <-chan time.Time) {
	if f.fence != 0 {
		return nil, nil
	}
	if pause := 4*f.took - time.Since(f.changed); pause > 0 {
		return nil, time.After(pause)
	}
	return f.share.Changed(), nil
}

// prepareChange writes the milestone at which other names take over.
func (f *shareFollower) prepareChange(ctx context.Context) error {
	names, all := f.wanted()
	if all == f.all && slices.Equal(names, f.names) {
		return nil
	}
	fence, err := f.store.milestone(ctx, 0, store.NewEpoch())
	if err != nil {
		return err
	}
	f.fence = fence
	return nil
}

// take appends messages of the consumer, once it is proved that none is missing.
func (f *shareFollower) take(ctx context.Context, messages []jetstream.Msg, number uint64) (uint64, error) {
	if len(messages) == 0 {
		return number, nil
	}
	for _, m := range messages {
		meta, err := m.Metadata()
		if err != nil || meta.Sequence.Consumer != number+1 {
			return number, errLost
		}
		number++
		f.unproved = append(f.unproved, f.store.event(f.at.Epoch, m, meta))
	}
	last := f.unproved[len(f.unproved)-1].ID
	found, err := f.prove(ctx, last.Major)
	if reason, gap := store.AsGap(err); gap {
		return number, f.reset(ctx, reason)
	}
	if err != nil {
		return number, err
	}
	limit := uint64(f.store.options.EventsPerTopic)
	if newerThanLost(len(f.unproved), last.Major, found.last) < limit {
		f.at = last
		f.sink.Append(f.unproved)
		f.unproved = nil
		f.dropped.tell(f.sink, found)
	} else if uint64(len(f.unproved)) >= limit {
		return number, f.catchUp(ctx)
	} // else what comes next proves them: a milestone, when nothing else comes
	if f.fence != 0 && f.at.Major >= f.fence {
		return number, errChange
	}
	return number, nil
}

// newerThanLost is how many newer events of its topic the log can have had when it
// dropped an event that the consumer did not bring: those that it has brought since the
// last proof, and what the log has after them. An event is dropped only when there are as
// many as the limit. What the server counts as pending cannot be used: it counts an event
// later than it drops another one for it.
func newerThanLost(brought int, last, logHas uint64) uint64 {
	return uint64(brought) + logHas - last
}

// event is that of a message.
func (s *Store) event(epoch string, m jetstream.Msg, meta *jetstream.MsgMetadata) store.Event {
	e := message{sequence: meta.Sequence.Stream, sum: checksum(m.Subject(), m.Data()), topic: topicOf(s.options.Stream, m.Subject())}
	if m.Subject() != subject(s.options.Stream, e.topic) {
		e.topic = "" // the limit of the topic would not count it
	}
	return store.Event{ID: e.id(epoch), Topic: e.topic, Data: m.Data(), Time: meta.Timestamp}
}
