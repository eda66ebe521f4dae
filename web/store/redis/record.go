package redis

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/wakesocket/wakesocket/web/store"
)

//go:embed putrecord.lua
var putRecordSource string

//go:embed records.lua
var recordsSource string

var (
	putRecordScript = rueidis.NewLuaScript(putRecordSource)
	recordsScript   = rueidis.NewLuaScript(recordsSource)
)

var _ store.Recorder = (*Store)(nil)

// PutRecord stores a record in a hash beside the stream.
func (s *Store) PutRecord(ctx context.Context, name string, data []byte, keep time.Duration) error {
	if err := store.CheckRecord(name, data); err != nil {
		return err
	}
	client, err := s.connections.get(ctx)
	if err != nil {
		return err
	}
	err = putRecordScript.Exec(ctx, client, s.recordKeys, []string{
		name, string(data), strconv.FormatInt(keep.Milliseconds(), 10), strconv.Itoa(store.MaxRecords)}).Error()
	if rueidis.IsRedisNil(err) { // the script returns nothing
		return nil
	}
	s.connections.failed(client, err)
	if err != nil {
		return fmt.Errorf("redis: a record cannot be stored: %w", err)
	}
	return nil
}

// Records returns the records that have not expired.
func (s *Store) Records(ctx context.Context) ([]store.Record, error) {
	client, err := s.connections.get(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := recordsScript.Exec(ctx, client, s.recordKeys, nil).ToArray()
	s.connections.failed(client, err)
	if err != nil {
		return nil, fmt.Errorf("redis: the records cannot be read: %w", err)
	}
	all := make([]store.Record, 0, len(rows))
	for _, row := range rows {
		parts, err := row.ToArray()
		if err != nil || len(parts) != 3 {
			return nil, fmt.Errorf("redis: a record has %d parts, %w", len(parts), err)
		}
		name, err1 := parts[0].ToString()
		age, err2 := parts[1].AsInt64()
		data, err3 := parts[2].AsBytes()
		for _, err := range []error{err1, err2, err3} {
			if err != nil {
				return nil, fmt.Errorf("redis: a record cannot be read: %w", err)
			}
		}
		all = append(all, store.Record{Name: name, Data: data, Age: time.Duration(age) * time.Millisecond})
	}
	return all, nil
}
