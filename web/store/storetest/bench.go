package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store"
)

// benchEvent is the data of an event that benchmarks publish: 100 bytes.
var benchEvent = []byte(`{"fill":"` + strings.Repeat("x", 89) + `"}`)

// BenchmarkLog measures what feeds and publishers want of a log: how many events it
// takes, how soon a follower has one, and how long many clients take to come back.
func BenchmarkLog(b *testing.B, s store.Store) {
	b.Run("publish", func(b *testing.B) { benchmarkPublish(b, s) })
	b.Run("follow", func(b *testing.B) { benchmarkFollow(b, s) })
	b.Run("resume", func(b *testing.B) { benchmarkResume(b, s) })
}

// benchmarkPublish measures how many events a log takes, by how many goroutines
// publish at the same time.
func benchmarkPublish(b *testing.B, s store.Store) {
	for _, writers := range []int{1, 32, 512} {
		b.Run(fmt.Sprint(writers), func(b *testing.B) {
			fill(b, s, writers, b.N)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// fill publishes events, so many at a time.
func fill(b *testing.B, s store.Store, writers, events int) {
	b.Helper()
	var (
		left atomic.Int64
		wg   sync.WaitGroup
	)
	left.Store(int64(events))
	for range writers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := s.Publish(context.Background(), "cpu", benchEvent); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// publishOne returns the id of one event.
func publishOne(b *testing.B, s store.Store) store.ID {
	b.Helper()
	id, err := s.Publish(context.Background(), "cpu", benchEvent)
	if err != nil {
		b.Fatal(err)
	}
	return id
}

// benchmarkFollow measures the time from the call of Publish until a follower has the
// event, one event at a time. A round has so many that one in a hundred means something.
func benchmarkFollow(b *testing.B, s store.Store) {
	const round = 500
	sink := NewSink()
	defer sink.Follow(b, s, publishOne(b, s))()
	var lags []time.Duration
	for b.Loop() {
		for range round {
			began := time.Now()
			publishOne(b, s)
			sink.Await(b, len(lags)+1)
			lags = append(lags, time.Since(began))
		}
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
	f, address := Serve(b, feed.Options{Store: s, Ring: 16})
	from := publishOne(b, s)
	last := from
	for range missed {
		last = publishOne(b, s)
	}
	Eventually(b, "the feed has read the log", func() bool {
		position, err := f.Position(context.Background())
		return err == nil && position == last.String()
	})
	for b.Loop() {
		var wg sync.WaitGroup
		for range clients {
			wg.Go(func() {
				if err := catchUp(address, from.String(), last.String(), missed); err != nil {
					b.Error(err)
				}
			})
		}
		wg.Wait()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s")
}

// catchUp connects after one event and reads until it has the last. It does as little
// as it can, since it computes beside what is measured: that each event comes once and
// in order is for the suite to see.
func catchUp(address, after, last string, missed int) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	query := url.Values{wire.QueryVersion: {wire.Version}, wire.QueryAfter: {after}}
	conn, err := connect(ctx, address, query)
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	_, data, err := conn.Read(ctx)
	if err != nil {
		return err
	}
	var hello wire.Hello
	if err := json.Unmarshal(data, &hello); err != nil || !hello.Resumed {
		return errors.Join(err, fmt.Errorf("a client is not resumed: %s", data))
	}
	var parts wire.Parts
	for got := 0; ; {
		if _, data, err = conn.Read(ctx); err != nil {
			return err
		}
		frame, ok := parts.Join(data)
		if !ok {
			continue
		}
		got += bytes.Count(frame, []byte(`"fill"`))
		if bytes.Contains(frame, []byte(last)) {
			if got != missed {
				return fmt.Errorf("%d events came, %d were missed", got, missed)
			}
			return nil
		}
	}
}
