package storetest

import (
	"context"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
)

// RestartEvents is how many events a log has that BenchmarkRestart restarts.
const RestartEvents = 1_000_000

// Restart is one way in which a log can end and come back.
type Restart struct {
	// Name is that of the benchmark.
	Name string
	// Down ends what has the log. The store is closed before. Nil ends nothing more.
	Down func() error
	// Up starts it again, until it answers. Nil starts nothing.
	Up func() error
}

// BenchmarkRestart fills a log with a million events, and restarts it. It measures the
// time until the first page after a position in the middle of the log is read.
func BenchmarkRestart(b *testing.B, open func() (store.Store, error), ways ...Restart) {
	s, err := open()
	if err != nil {
		b.Fatal(err)
	}
	defer func() { Close(s) }()
	fill(b, s, 512, RestartEvents/2)
	middle := publishOne(b, s)
	fill(b, s, 512, RestartEvents/2-1)
	for _, way := range ways {
		b.Run(way.Name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				Close(s)
				if way.Down != nil {
					if err := way.Down(); err != nil {
						b.Fatal(err)
					}
				}
				b.StartTimer()
				if way.Up != nil {
					if err := way.Up(); err != nil {
						b.Fatal(err)
					}
				}
				if s, err = open(); err != nil {
					b.Fatal(err)
				}
				page, err := s.After(context.Background(), middle, 100)
				if err != nil || len(page) == 0 {
					b.Fatal(len(page), err)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s")
		})
	}
}

// BenchmarkRestart is [BenchmarkRestart] of a log on a server of its own: when only the
// feed restarts, when the server was stopped in order, and when it was killed.
func (b *Backend) BenchmarkRestart(t *testing.B, arguments ...string) {
	server := b.Server(t, arguments...)
	kill := func() error { server.Kill(); return nil }
	BenchmarkRestart(t, func() (store.Store, error) {
		return b.Open(server.URL, "log", Log{Events: RestartEvents})
	}, Restart{Name: "feed"}, Restart{"stopped", server.Shutdown, server.Start}, Restart{"killed", kill, server.Start})
}
