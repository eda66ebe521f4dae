package nats_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/wakesocket/wakesocket/wasm/native"
	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// listener notes what one client is told.
type listener struct {
	mu     sync.Mutex
	events []int
	gaps   []native.Gap
	cursor string
}

// listen connects a client after a cursor, until the test ends.
func (l *listener) listen(t *testing.T, url, after string) *native.Client {
	t.Helper()
	client, err := native.Connect(t.Context(), native.Options{
		URL: url, After: after,
		OnEvent: func(_ *native.Client, e native.Event) {
			n, err := strconv.Atoi(string(e.Data))
			if err != nil {
				t.Error(err)
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			l.events = append(l.events, n)
			l.cursor = e.Cursor
		},
		OnGap: func(_ *native.Client, g native.Gap) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.gaps = append(l.gaps, g)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func (l *listener) told() (events []int, gaps []native.Gap, cursor string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.events), slices.Clone(l.gaps), l.cursor
}

func (l *listener) await(t *testing.T, newest int) {
	t.Helper()
	storetest.Eventually(t, fmt.Sprintf("event %d", newest), func() bool {
		events, _, _ := l.told()
		return slices.Contains(events, newest)
	})
}

func numbers(from, to int) (all []int) {
	for n := from; n < to; n++ {
		all = append(all, n)
	}
	return all
}

// A move to another log, as the guide to choosing a log describes it: publishers
// write to both for a while, then the feeds change over. Each client is told of one
// gap, then gets everything that was written to both. So nobody misses an event, and
// those who were there get some again.
func TestMove(t *testing.T) {
	t.Parallel()
	old, next := store.Store(memory.New(memory.Options{})), directory(t, t.TempDir(), 1000)
	var current atomic.Pointer[feed.Feed]
	change := func(log store.Store) (before *feed.Feed) {
		f, err := feed.New(feed.Options{Store: log})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return current.Swap(f)
	}
	change(old)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { current.Load().ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	publish := func(from, to int, logs ...store.Store) {
		for n := from; n < to; n++ {
			for _, log := range logs {
				if _, err := log.Publish(t.Context(), "cpu", []byte(strconv.Itoa(n)), store.IdempotencyKey(fmt.Sprint("move ", n))); err != nil {
					t.Fatal(err)
				}
			}
		}
	}

	var stays, leaves, returns listener
	leaver := leaves.listen(t, server.URL, "")
	for _, client := range []*native.Client{leaver, stays.listen(t, server.URL, "")} {
		if err := client.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	publish(0, 10, old)
	publish(10, 15, old, next) // both logs from now on
	leaves.await(t, 14)
	leaver.Close()
	_, _, cursor := leaves.told()
	publish(15, 20, old, next)
	stays.await(t, 19)
	change(next).Close() // what a restart of the process does
	publish(20, 30, next)
	stays.await(t, 29)
	returns.listen(t, server.URL, cursor)
	returns.await(t, 29)

	if events, gaps, _ := stays.told(); !slices.Equal(events, append(numbers(0, 20), numbers(10, 30)...)) || len(gaps) != 1 || gaps[0].Reason != store.Epoch {
		t.Errorf("who stayed got %v and %+v", events, gaps)
	}
	if events, gaps, _ := returns.told(); !slices.Equal(events, numbers(10, 30)) || len(gaps) != 1 || gaps[0].After != cursor {
		t.Errorf("who had left got %v and %+v", events, gaps)
	}
}
