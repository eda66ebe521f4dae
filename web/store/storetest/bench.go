package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
)

// BenchmarkPublish measures how many events of 200 bytes a log takes, by how many
// goroutines publish at the same time.
func BenchmarkPublish(b *testing.B, s store.Store) {
	data := []byte(`{"fill":"` + strings.Repeat("x", 189) + `"}`)
	for _, writers := range []int{1, 32, 512} {
		b.Run(fmt.Sprint(writers), func(b *testing.B) {
			var (
				left atomic.Int64
				wg   sync.WaitGroup
			)
			left.Store(int64(b.N))
			for range writers {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						if _, err := s.Publish(context.Background(), "cpu", data); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
