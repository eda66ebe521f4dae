package storetest

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
)

// Publish publishes the number n on the topic count.
func Publish(t testing.TB, s store.Store, n int) store.ID {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	id, err := s.Publish(ctx, "count", []byte(strconv.Itoa(n)))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// after reads a page, without what the store has written for itself.
func after(t testing.TB, s store.Store, id store.ID, limit int) []store.Event {
	t.Helper()
	events, err := s.After(context.Background(), id, limit)
	if err != nil {
		t.Fatalf("after %v: %v", id, err)
	}
	return slices.DeleteFunc(events, func(e store.Event) bool { return store.IsMilestone(e.Topic) })
}

// WantGap asserts that nothing can be read after the position, for one of the reasons.
func WantGap(t testing.TB, s store.Store, id store.ID, reasons ...string) {
	t.Helper()
	events, err := s.After(context.Background(), id, 10)
	got, _ := store.AsGap(err)
	for _, reason := range reasons {
		if got == reason {
			return
		}
	}
	t.Fatalf("after %v: %d events, %v; want a gap: %v", id, len(events), err, reasons)
}

// Data returns what the events after the position carry, with spaces between.
func Data(t testing.TB, s store.Store, id store.ID) string {
	t.Helper()
	var datas []string
	for _, e := range after(t, s, id, 100) {
		datas = append(datas, string(e.Data))
	}
	return strings.Join(datas, " ")
}

// Top returns the position of the newest event.
func Top(t testing.TB, s store.Store) store.ID {
	t.Helper()
	return bounds(t, s).Top
}

func bounds(t testing.TB, s store.Store) store.Bounds {
	t.Helper()
	b, err := s.Bounds(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// number is the count that an event carries.
func number(t testing.TB, e store.Event) int {
	t.Helper()
	n, err := strconv.Atoi(string(e.Data))
	if err != nil {
		t.Fatalf("event %v carries %q", e.ID, e.Data)
	}
	return n
}
