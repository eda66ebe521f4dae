package nats

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// news tells of new messages: a wake-up only, with the number of the newest one.
type news struct {
	woken  chan struct{}
	newest atomic.Uint64
	stop   func()
}

// listen tells of what comes from now on. Its consumer gets headers only, and is made anew
// by the client when it is lost; meanwhile the follower polls.
func (s *Store) listen(ctx context.Context) (*news, error) {
	stream, err := s.reach(ctx)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	consumer, err := stream.OrderedConsumer(limited, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverNewPolicy, HeadersOnly: true,
	})
	if err != nil {
		return nil, explain("the stream cannot be followed", err)
	}
	n := &news{woken: make(chan struct{}, 1)}
	consuming, err := consumer.Consume(n.receive, jetstream.ConsumeErrHandler(func(jetstream.ConsumeContext, error) {})) // it goes on by itself
	if err != nil {
		return nil, explain("the stream cannot be followed", err)
	}
	n.stop = consuming.Stop
	return n, nil
}

func (n *news) receive(m jetstream.Msg) {
	meta, err := m.Metadata()
	if err != nil {
		return
	}
	n.newest.Store(meta.Sequence.Stream)
	select {
	case n.woken <- struct{}{}:
	default:
	}
}

// wait returns when news comes of a message after the number, or it is time to look. News
// of messages that were read before it came are passed over.
func (n *news) wait(ctx context.Context, number uint64) error {
	look := time.After(poll)
	for {
		select {
		case <-n.woken:
			if n.newest.Load() > number {
				return nil
			}
		case <-look:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
