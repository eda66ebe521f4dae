package redis

import (
	"context"
	"fmt"

	"github.com/redis/rueidis"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/internal/batch"
)

// Publish appends an event and trims the stream, roughly, in one command. What
// several publishers want at the same time goes in one pipeline; while Redis does
// not answer, no more than one waits in the connection.
func (s *Store) Publish(ctx context.Context, topic string, data []byte, options ...store.PublishOption) (store.ID, error) {
	return s.batcher.Publish(ctx, topic, data, options)
}

func (s *Store) commit(ctx context.Context, items []*batch.Item) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := s.add(limited, items); err != nil {
		for _, item := range items {
			item.Err = err
		}
	}
}

// add appends the items; an error is that of them all.
func (s *Store) add(ctx context.Context, items []*batch.Item) error {
	client, err := s.connections.get(ctx)
	if err != nil {
		return err
	}
	commands := make(rueidis.Commands, 0, len(items)+1)
	for _, item := range items {
		commands = append(commands, client.B().Xadd().Key(s.options.Key).Maxlen().Almost().Threshold(s.maxlen).Id("*").
			FieldValue().FieldValue("topic", item.Topic).FieldValue("data", rueidis.BinaryString(item.Data)).Build())
	}
	answers := client.DoMulti(ctx, append(commands, client.B().Get().Key(s.epochOf).Build())...)
	epoch, err := answers[len(items)].ToString()
	if rueidis.IsRedisNil(err) {
		epoch, err = s.epoch(ctx, client)
	}
	if err != nil {
		s.connections.failed(client, err)
		return fmt.Errorf("redis: publishing: %w", err)
	}
	for i, item := range items {
		text, err := answers[i].ToString()
		if err != nil {
			item.Err = fmt.Errorf("redis: XADD: %w", err)
			continue
		}
		item.ID, item.Err = parse(epoch, text)
	}
	return nil
}
