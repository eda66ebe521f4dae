package storetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// records are kept beside the log, for all processes that share it.
func records(t *testing.T, newLog Make) {
	open := newLog(t, 10)
	s := open()
	one, ok := s.(store.Recorder)
	if !ok {
		t.Skip("this store keeps no records")
	}
	other := open().(store.Recorder)
	top := bounds(t, s).Top
	wantRecords(t, one)
	put(t, one, "a b*.>é", []byte("first"), time.Minute)
	put(t, one, "b", nil, time.Minute)
	put(t, other, "a b*.>é", []byte{0, 255, '%'}, time.Minute)
	large := bytes.Repeat([]byte{7}, store.MaxRecord)
	put(t, other, "c", large, time.Minute)
	for _, r := range []store.Recorder{one, other} {
		wantRecords(t, r, store.Record{Name: "a b*.>é", Data: []byte{0, 255, '%'}}, store.Record{Name: "b"}, store.Record{Name: "c", Data: large})
	}
	for name, data := range map[string][]byte{"": nil, "a\nb": nil, "d": append(large, 7)} {
		if err := one.PutRecord(context.Background(), name, data, time.Minute); err == nil {
			t.Errorf("a record with the name %q and %d bytes is accepted", name, len(data))
		}
	}
	if err := one.PutRecord(context.Background(), "", nil, time.Minute); !errors.Is(err, store.ErrInvalidTopic) {
		t.Errorf("a record without a name: %v", err)
	}
	if now := bounds(t, s).Top; now != top {
		t.Errorf("the log ends at %v instead of %v after records were stored", now, top)
	}
}

// recordsExpire by the clock of the store, one by one.
func recordsExpire(t *testing.T, newLog Make) {
	r, ok := newLog(t, 10)().(store.Recorder)
	if !ok {
		t.Skip("this store keeps no records")
	}
	put(t, r, "long", []byte("1"), time.Hour)
	put(t, r, "short", []byte("2"), time.Second)
	Eventually(t, "a record expires", func() bool { return len(list(t, r)) == 1 })
	left := list(t, r)
	if left[0].Name != "long" || left[0].Age < time.Second*9/10 || left[0].Age > patience {
		t.Errorf("%s of age %v is left", left[0].Name, left[0].Age)
	}
	Eventually(t, "a record that is stored anew is new", func() bool {
		put(t, r, "long", []byte("3"), time.Hour)
		return list(t, r)[0].Age < left[0].Age
	})
}

// recordsBounded keeps the newest.
func recordsBounded(t *testing.T, newLog Make) {
	r, ok := newLog(t, 10)().(store.Recorder)
	if !ok {
		t.Skip("this store keeps no records")
	}
	const more = 3
	name := func(n int) string { return fmt.Sprintf("%06d", n) } // of those of one millisecond, a store may keep the last name
	for n := range store.MaxRecords + more {
		put(t, r, name(n), []byte("1"), time.Hour)
	}
	all := list(t, r)
	if len(all) != store.MaxRecords {
		t.Errorf("%d records are kept", len(all))
	}
	for _, record := range all {
		if record.Name < name(more) {
			t.Errorf("the oldest record %s is kept", record.Name)
		}
	}
}

func put(t testing.TB, r store.Recorder, name string, data []byte, keep time.Duration) {
	t.Helper()
	if err := r.PutRecord(context.Background(), name, data, keep); err != nil {
		t.Fatal(err)
	}
}

func list(t testing.TB, r store.Recorder) []store.Record {
	t.Helper()
	all, err := r.Records(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func wantRecords(t *testing.T, r store.Recorder, want ...store.Record) {
	t.Helper()
	got := list(t, r)
	slices.SortFunc(got, func(a, b store.Record) int { return cmp.Compare(a.Name, b.Name) })
	equal := func(a, b store.Record) bool { return a.Name == b.Name && bytes.Equal(a.Data, b.Data) }
	if !slices.EqualFunc(got, want, equal) {
		t.Errorf("%d records, want %d: %.200v", len(got), len(want), got)
	}
	for _, record := range got {
		if record.Age < 0 || record.Age > patience {
			t.Errorf("%s is %v old", record.Name, record.Age)
		}
	}
}
