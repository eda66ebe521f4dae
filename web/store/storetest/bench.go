package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store"
)

// benchmarkPublish measures how many events of 200 bytes a log takes, by how many
// goroutines publish at the same time.
func benchmarkPublish(b *testing.B, s store.Store) {
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

// BenchmarkLog measures what feeds and publishers want of a log: how many events it
// takes, how soon a follower has one, and how long many clients take to come back.
func BenchmarkLog(b *testing.B, s store.Store) {
	b.Run("publish", func(b *testing.B) { benchmarkPublish(b, s) })
	b.Run("follow", func(b *testing.B) { benchmarkFollow(b, s) })
	b.Run("resume", func(b *testing.B) { benchmarkResume(b, s) })
}

// benchmarkFollow measures the time from the call of Publish until a follower has the
// event, one event at a time.
func benchmarkFollow(b *testing.B, s store.Store) {
	sink := NewSink()
	defer sink.Follow(b, s, Publish(b, s, 0))()
	var lags []time.Duration
	for b.Loop() {
		began := time.Now()
		Publish(b, s, 1)
		sink.Await(b, len(lags)+1)
		lags = append(lags, time.Since(began))
	}
	slices.Sort(lags)
	for name, share := range map[string]int{"p50-ms": 50, "p99-ms": 99} {
		b.ReportMetric(float64(lags[len(lags)*share/100].Microseconds())/1000, name)
	}
}

// benchmarkResume measures how long 1,000 clients take that come back at once, and
// that all missed 1,000 events, which the feed has to read from the log.
func benchmarkResume(b *testing.B, s store.Store) {
	const clients, missed = 1000, 1000
	f, url := serve(b, feed.Options{Store: s, Ring: 16})
	from := Publish(b, s, 0)
	last := from
	for n := range missed {
		last = Publish(b, s, n)
	}
	Eventually(b, "the feed has read the log", func() bool {
		position, err := f.Position(context.Background())
		return err == nil && position == last.String()
	})
	for b.Loop() {
		var wg sync.WaitGroup
		for range clients {
			wg.Go(func() {
				c, err := dial(url, from.String(), false)
				for err == nil && len(c.events) < missed {
					err = c.read()
				}
				if err != nil || !c.hello.Resumed {
					b.Errorf("%v, resumed %v", err, err == nil && c.hello.Resumed)
				}
				if c != nil {
					c.conn.CloseNow()
				}
			})
		}
		wg.Wait()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/resume")
}
