package redis

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/rueidis"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/internal/batch"
)

//go:embed publish.lua
var publishSource string

var publishScript = rueidis.NewLuaScript(publishSource)

// Publish appends an event and trims the stream, roughly, in one command. What
// several publishers want at the same time goes in one pipeline; while Redis does
// not answer, no more than one waits in the connection.
func (s *Store) Publish(ctx context.Context, topic string, data []byte, options ...store.PublishOption) (store.ID, error) {
	return s.batcher.Publish(ctx, topic, data, options)
}

func (s *Store) commit(ctx context.Context, items []*batch.Item) {
	limited, cancel := batch.Limit(ctx, timeout, items)
	defer cancel()
	s.add(limited, items)
	// A replica stores nothing. After a failover the name leads to the primary.
	if isReadOnly(items[0].Err) && !s.connections.shared {
		s.add(limited, items)
	}
}

// add appends the items and answers each.
func (s *Store) add(ctx context.Context, items []*batch.Item) {
	client, err := s.connections.get(ctx)
	if err != nil {
		for _, item := range items {
			item.Err = store.NotStored(err)
		}
		return
	}
	places, epoch, err := s.send(ctx, client, items)
	s.connections.failed(client, err)
	for i, item := range items {
		text, err := places[i].ToString()
		s.connections.failed(client, err)
		if err != nil {
			item.Err = outcome(err)
			continue
		}
		if epoch == "" {
			item.Err = store.Stored(errors.New("redis: the epoch cannot be read"))
			continue
		}
		id, sum, found := strings.Cut(text, " ")
		if !found {
			sum = checksum(item.Topic, string(item.Data))
		}
		if item.ID, item.Err = parseID(epoch, id, sum); item.Err != nil {
			item.Err = store.Stored(fmt.Errorf("redis: publishing: %w", item.Err))
		}
	}
}

// send gives the items to Redis in one pipeline, which ends with a look at the epoch.
// An error is that of the epoch, which is "" then.
func (s *Store) send(ctx context.Context, client rueidis.Client, items []*batch.Item) (places []rueidis.RedisResult, epoch string, err error) {
	places = make([]rueidis.RedisResult, len(items))
	var plain rueidis.Commands
	var plainOf []int
	var keyed []rueidis.LuaExec
	var keyedOf []int
	for i, item := range items {
		if item.Key != "" {
			data := string(item.Data)
			keyed = append(keyed, rueidis.LuaExec{Keys: s.keys, Args: []string{s.maxlen, item.Topic, data, item.Key, checksum(item.Topic, data)}})
			keyedOf = append(keyedOf, i)
			continue
		}
		plain = append(plain, client.B().Xadd().Key(s.options.Key).Maxlen().Almost().Threshold(s.maxlen).Id("*").
			FieldValue().FieldValue("topic", item.Topic).FieldValue("data", rueidis.BinaryString(item.Data)).Build())
		plainOf = append(plainOf, i)
	}
	if len(keyed) > 0 {
		for i, place := range publishScript.ExecMulti(ctx, client, keyed...) {
			places[keyedOf[i]] = place
		}
	}
	plain = append(plain, client.B().XinfoGroups().Key(s.options.Key).Build())
	answers := client.DoMulti(ctx, plain...)
	for i, place := range answers[:len(plainOf)] {
		places[plainOf[i]] = place
	}
	epoch, err = epochOf(answers[len(plainOf)])
	if epoch != "" || err != nil && !answered(err) {
		return places, epoch, err
	}
	found, err := s.read(ctx, client, store.ID{}, 0) // makes an epoch where there is none
	return places, found.Top.Epoch, err
}

const epochGroup = "wakesocket:epoch:"

// epochOf finds the epoch among the groups of the stream.
func epochOf(answer rueidis.RedisResult) (string, error) {
	groups, err := answer.ToArray()
	if err != nil {
		return "", err
	}
	for _, group := range groups {
		fields, err := group.AsMap()
		if err != nil {
			return "", err
		}
		field := fields["name"]
		name, err := field.ToString()
		if err != nil {
			return "", err
		}
		if epoch, ok := strings.CutPrefix(name, epochGroup); ok {
			if _, ok := store.ParseID(epoch + "-0"); ok {
				return epoch, nil
			}
		}
	}
	return "", nil
}

// outcome says what became of an event whose publishing failed.
func outcome(err error) error {
	if answered(err) {
		return store.NotStored(fmt.Errorf("redis: publishing: %w", err))
	}
	return store.OutcomeUnknown(fmt.Errorf("redis: publishing: %w", err))
}
