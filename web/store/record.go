package store

import (
	"context"
	"fmt"
	"time"
)

// Recorder is a [Store] that also keeps small records beside its log, for all
// processes that share it. They are no part of the log: they expire, and a crash of
// the log's server may lose them.
type Recorder interface {
	// PutRecord stores data under a name, in place of what the name had, and drops it
	// after so long, one second at least. It fails for what [CheckRecord] refuses.
	PutRecord(ctx context.Context, name string, data []byte, keep time.Duration) error
	// Records returns the records that have not expired, in any order.
	Records(ctx context.Context) ([]Record, error)
}

// Record is one record of a [Recorder].
type Record struct {
	Name string
	Data []byte
	Age  time.Duration // since it was stored, by the clock of the store
}

const (
	// MaxRecord is the most data of one record in bytes.
	MaxRecord = 64 << 10
	// MaxRecords is how many records are kept; the oldest make room for new ones.
	MaxRecords = 256
)

// CheckRecord refuses names that [CheckName] refuses, and data above [MaxRecord].
func CheckRecord(name string, data []byte) error {
	if err := CheckName(name); err != nil {
		return fmt.Errorf("the name of a record: %w", err)
	}
	if len(data) > MaxRecord {
		return fmt.Errorf("store: a record has %d bytes; %d are allowed", len(data), MaxRecord)
	}
	return nil
}
