package postgres_test

import (
	"context"
	"sync"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// Both have a server that syncs to disk before it answers, as it does in
// production.

func BenchmarkLog(b *testing.B) {
	server := backend.Server(b, "-c", "fsync=on")
	storetest.BenchmarkLog(b, backend.Reopen(b, server.URL, "log", storetest.Log{}))
	b.Run("restart", func(b *testing.B) { backend.BenchmarkRestart(b, "-c", "fsync=on") })
}

// BenchmarkPublishBatched has 32 processes' worth of writers: each a store with
// connections of its own, and with enough publishers to fill its batches.
func BenchmarkPublishBatched(b *testing.B) {
	const writers, each = 32, 64
	server := backend.Server(b, "-c", "fsync=on")
	var stores []store.Store
	for range writers {
		s := backend.Reopen(b, server.URL, "log", storetest.Log{})
		if _, err := s.Bounds(context.Background()); err != nil {
			b.Fatal(err)
		}
		stores = append(stores, s)
	}
	b.ResetTimer()
	var wg sync.WaitGroup
	for _, s := range stores {
		for range each {
			wg.Go(func() {
				for range b.N/(writers*each) + 1 {
					if _, err := s.Publish(context.Background(), "cpu", []byte(`{"load":0.7}`)); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
