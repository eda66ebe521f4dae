package memory

import (
	"context"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

var _ store.Recorder = (*Store)(nil)

// records are those beside the log, by name.
type records map[string]record

type record struct {
	data        []byte
	at, expires time.Time
}

// PutRecord stores a record for the feeds of this process.
func (s *Store) PutRecord(_ context.Context, name string, data []byte, keep time.Duration) error {
	if err := store.CheckRecord(name, data); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.records.expire(now)
	if _, has := s.records[name]; !has && len(s.records) >= store.MaxRecords {
		delete(s.records, s.records.oldest())
	}
	s.records[name] = record{data, now, now.Add(keep)}
	return nil
}

// Records returns the records that have not expired.
func (s *Store) Records(context.Context) ([]store.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.records.expire(now)
	all := make([]store.Record, 0, len(s.records))
	for name, r := range s.records {
		all = append(all, store.Record{Name: name, Data: r.data, Age: now.Sub(r.at)})
	}
	return all, nil
}

func (r records) expire(now time.Time) {
	for name, record := range r {
		if !now.Before(record.expires) {
			delete(r, name)
		}
	}
}

func (r records) oldest() (oldest string) {
	for name, record := range r {
		if oldest == "" || record.at.Before(r[oldest].at) {
			oldest = name
		}
	}
	return oldest
}
