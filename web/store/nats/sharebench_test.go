package nats_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/nats"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

func cpuTime() time.Duration {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkShare is what a process pays for each event of the log, in bytes that it
// reads and in time of its own, when it follows 100 topics of many, or all.
func BenchmarkShare(b *testing.B) {
	const events = 200_000
	data := []byte(`{"fill":"` + strings.Repeat("x", 189) + `"}`)
	for _, topics := range []int{1_000, 10_000, 100_000} {
		s := openBench(b)
		var publishers sync.WaitGroup
		for p := range 500 {
			publishers.Go(func() {
				for i := p; i < events; i += 500 {
					if _, err := s.Publish(context.Background(), fmt.Sprintf("t.%d", i%topics), data); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		publishers.Wait()
		last, err := s.Publish(context.Background(), "t.0", data)
		if err != nil {
			b.Fatal(err)
		}
		for _, followed := range []int{100, topics} {
			share := newFixedShare()
			share.all = followed == topics
			for i := range 100 {
				share.names = append(share.names, fmt.Sprintf("t.%d", i))
			}
			b.Run(fmt.Sprintf("%d of %d topics", followed, topics), func(b *testing.B) {
				for range b.N {
					first, err := s.Bounds(context.Background())
					if err != nil {
						b.Fatal(err)
					}
					ctx, stop := context.WithCancel(context.Background())
					sink := &endSink{end: last, reached: make(chan struct{})}
					bytes, cpu := s.Conn().Stats().InBytes, cpuTime()
					ended := make(chan error, 1)
					go func() { ended <- s.FollowTopics(ctx, first.Base, share, sink) }()
					<-sink.reached
					b.ReportMetric(float64(s.Conn().Stats().InBytes-bytes)/events, "B-in/event")
					b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/events, "cpu-µs/event")
					stop()
					<-ended
				}
			})
		}
	}
}

// BenchmarkShareChange is the time until one more topic is followed.
func BenchmarkShareChange(b *testing.B) {
	for _, followed := range []int{10, 100, 900} {
		b.Run(fmt.Sprintf("%d topics", followed), func(b *testing.B) {
			s := openBench(b)
			var names []string
			for i := range followed - 1 {
				names = append(names, fmt.Sprintf("t.%d", i))
			}
			share, sink := newFixedShare(names...), &shareLog{}
			ctx, stop := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- s.FollowTopics(ctx, store.ID{}, share, sink) }()
			defer func() { stop(); <-ended }()
			storetest.Eventually(b, "the share is followed", func() bool { return sink.follows("t.0") })
			for i := range b.N {
				name := fmt.Sprintf("more.%d", i)
				share.set(false, append(names[:followed-1:followed-1], name)...)
				for !sink.follows(name) {
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
}

func openBench(b *testing.B) *nats.Store {
	s, err := nats.Open(backend.URL(), nats.Options{
		Stream: backend.NewName(), Events: 10_000_000, EventsPerTopic: 10_000_000, FollowTopics: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// endSink waits for one event.
type endSink struct {
	shareLog
	end     store.ID
	reached chan struct{}
	once    sync.Once
}

func (s *endSink) Append(events []store.Event) {
	if len(events) > 0 && events[len(events)-1].ID.Compare(s.end) >= 0 {
		s.once.Do(func() { close(s.reached) })
	}
}
