package nats

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/wakesocket/wakesocket/web/store"
)

var _ store.Recorder = (*Store)(nil)

// The records are in the memory of the server, in a stream beside the log: one message
// for each name, which the server drops when it expires.
func (s *Store) recordStream() string { return s.options.Stream + "_records" }

// PutRecord stores a record in a stream beside the log.
func (s *Store) PutRecord(ctx context.Context, name string, data []byte, keep time.Duration) error {
	if err := store.CheckRecord(name, data); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	message := &nats.Msg{Subject: subject(s.recordStream(), name), Data: data}
	publish := func() error {
		_, err := s.js.PublishMsg(limited, message, jetstream.WithMsgTTL(max(keep, time.Second)),
			jetstream.WithExpectStream(s.recordStream()), jetstream.WithRetryAttempts(0))
		return err
	}
	err := publish()
	if errors.Is(err, jetstream.ErrNoStreamResponse) || errors.Is(err, nats.ErrNoResponders) { // the first record, or the server has restarted
		_, err = s.js.CreateStream(limited, jetstream.StreamConfig{
			Name: s.recordStream(), Subjects: []string{s.recordStream() + ".>"}, Replicas: s.options.Replicas,
			Storage: jetstream.MemoryStorage, MaxMsgs: store.MaxRecords, MaxMsgsPerSubject: 1,
			AllowDirect: true, AllowMsgTTL: true,
		})
		if err == nil || errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			err = publish()
		}
	}
	if err != nil {
		return explain("a record cannot be stored", err)
	}
	return nil
}

// Records returns the records that have not expired.
func (s *Store) Records(ctx context.Context) ([]store.Record, error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	stream, err := s.js.Stream(limited, s.recordStream()) // asks the server, whose clock counts
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, explain("the records cannot be read", err)
	}
	info := stream.CachedInfo()
	if info.State.Msgs == 0 {
		return nil, nil
	}
	question := map[string]any{"multi_last": []string{s.recordStream() + ".>"}, "batch": store.MaxRecords}
	messages, err := s.directGet(limited, s.recordStream(), question, store.MaxRecords, store.MaxRecords*store.MaxRecord)
	if err != nil {
		return nil, explain("the records cannot be read", err)
	}
	all := make([]store.Record, 0, len(messages))
	for _, m := range messages {
		all = append(all, store.Record{Name: m.topic, Data: m.data, Age: max(0, info.TimeStamp.Sub(m.time))})
	}
	return all, nil
}
