package storetest

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store"
)

// Outage takes a durable log away under a feed and gives it back: who is connected stays,
// who can be served from memory is served, others are told when to come
// back, publishers get errors, and nothing is lost.
func Outage(t *testing.T, s store.Store, stop, start func()) {
	_, url := Serve(t, feed.Options{Store: s, Ring: 16, StoreTimeout: time.Second})
	live, err := dial(url, "", false)
	if err != nil {
		t.Fatal(err)
	}
	defer live.conn.CloseNow()
	var ids []string
	for n := range 100 {
		ids = append(ids, Publish(t, s, n).String())
	}
	readAll(t, live, url, 100)

	stop()
	if failed := publishInVain(t, s); failed == 0 {
		t.Error("nobody was told that publishing fails")
	}
	if err := live.conn.Write(context.Background(), websocket.MessageText, []byte(wire.Ping)); err != nil {
		t.Fatal(err)
	}
	told := func(data []byte) bool { return strings.Contains(string(data), `"live":false`) }
	_, data, err := live.conn.Read(context.Background())
	if err == nil && told(data) { // that the log cannot be read
		_, data, err = live.conn.Read(context.Background())
	}
	if err != nil || string(data) != wire.Pong {
		t.Fatalf("a live client reads %q, %v", data, err)
	}
	fromMemory := &reader{after: ids[90], next: 91}
	if err := fromMemory.turn(url, 9, nil); err != nil || fromMemory.next != 100 || fromMemory.gaps > 0 {
		t.Fatalf("from memory: %v, at %d, %d gaps", err, fromMemory.next, fromMemory.gaps)
	}
	_, err = dial(url, ids[10], false)
	closed, _ := errors.AsType[websocket.CloseError](err)
	if _, hasAdvice := wire.ParseAdvice(closed.Reason); closed.Code != wire.CloseTryLater || !hasAdvice {
		t.Fatalf("from the store: %v", err)
	}

	start()
	Eventually(t, "publishing works again", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := s.Publish(ctx, "again", []byte("-1"))
		return err == nil
	})
	for n := 100; n < 150; n++ {
		Publish(t, s, n)
	}
	readAll(t, live, url, 150)
	late := &reader{after: ids[10], next: 11}
	if err := late.turn(url, 1000, func(*client) bool { return late.next == 150 }); err != nil || late.next != 150 || late.gaps > 0 {
		t.Fatalf("afterwards: %v, at %d, %d gaps", err, late.next, late.gaps)
	}
}

// readAll reads until the events 0..n-1 are there, in order. Those of -1
// were published in vain, or to see whether it works. A feed whose log is away for
// long sends its clients to other processes; such a client comes back here.
func readAll(t *testing.T, c *client, url string, n int) {
	t.Helper()
	for {
		next := 0
		for _, e := range c.events {
			if e.Data < 0 {
				continue
			}
			if e.Data != next {
				t.Fatalf("event %d where %d should be", e.Data, next)
			}
			next++
		}
		if next == n {
			return
		}
		err := c.read()
		if sentAway(err) {
			err = c.comeBack(url)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// publishInVain has many publishers, each with 100 kB, and returns how many were
// told that it fails. What they wanted must not pile up.
func publishInVain(t *testing.T, s store.Store) (failed int) {
	const publishers, times, size = 50, 20, 100 << 10
	data := []byte("-1" + strings.Repeat(" ", size))
	before := heap()
	var (
		mu sync.Mutex
		wg sync.WaitGroup
	)
	for range publishers {
		wg.Go(func() {
			for range times {
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
				_, err := s.Publish(ctx, "vain", bytes.Clone(data))
				cancel()
				if err != nil {
					mu.Lock()
					failed++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if more := heap() - before; more > publishers*times*size/4 {
		t.Errorf("publishing in vain leaves %d kB", more>>10)
	}
	return failed
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// DownAtStart starts a feed whose log cannot be reached yet.
func DownAtStart(t *testing.T, s store.Store, start func()) {
	f, err := feed.New(feed.Options{Store: s, AcceptRate: -1, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(f)
	defer func() {
		f.Close()
		server.Close()
	}()
	for _, after := range []string{"", "0123456789ab-7"} {
		if _, err := dial(server.URL, after, false); !sentAway(err) {
			t.Fatalf("a client is let in to a feed without a log: %v", err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := f.Publish(ctx, "count", []byte("1")); err == nil {
		t.Fatal("publishing works without a log")
	}
	start()
	Eventually(t, "clients are let in", func() bool {
		c, err := dial(server.URL, "", false)
		if err == nil {
			c.conn.CloseNow()
		}
		return err == nil
	})
}
