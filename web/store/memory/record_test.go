package memory

import (
	"fmt"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// Records are kept for as long as they were stored for, and those that have expired
// take no place from others.
func TestRecordsExpire(t *testing.T) {
	s := New(Options{})
	now := time.Now()
	s.now = func() time.Time { return now }
	put := func(name string, keep time.Duration) {
		t.Helper()
		if err := s.PutRecord(t.Context(), name, []byte("x"), keep); err != nil {
			t.Fatal(err)
		}
	}
	count := func() int {
		all, err := s.Records(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	put("first", time.Hour)
	now = now.Add(1)
	for n := range store.MaxRecords - 1 {
		put(fmt.Sprint("short-", n), time.Second)
	}
	now = now.Add(time.Second - 1)
	if n := count(); n != store.MaxRecords {
		t.Errorf("%d records just before they expire", n)
	}
	now = now.Add(1)
	put("second", time.Hour) // in a place that has become free
	if n := count(); n != 2 {
		t.Errorf("%d records after the others have expired", n)
	}
	if _, has := s.records["first"]; !has {
		t.Error("the oldest has made room for one that needed none")
	}
	now = now.Add(time.Hour)
	if n := count(); n != 0 || len(s.records) != 0 {
		t.Errorf("%d records are left, %d in memory", n, len(s.records))
	}
}
