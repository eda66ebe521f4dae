package nats_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/nats"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// benchDir is a directory on a disk, not in memory.
func benchDir(b *testing.B) string {
	dir, err := os.MkdirTemp("/var/tmp", "wakesocket-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// BenchmarkDirectory has each event synced before it is acknowledged.
func BenchmarkDirectory(b *testing.B) {
	storetest.BenchmarkLog(b, directory(b, benchDir(b), 1_000_000))
}

// BenchmarkServer is one server of its own, which syncs now and then.
func BenchmarkServer(b *testing.B) {
	storetest.BenchmarkLog(b, backend.Reopen(b, backend.URL(), backend.NewName(), storetest.Log{Events: 1_000_000}))
}

// BenchmarkCluster has three copies of each event, on three servers of this machine.
func BenchmarkCluster(b *testing.B) {
	c := newCluster(b, "bench")
	s := c.open(c.connect(c.servers[0].URL))
	storetest.Eventually(b, "the cluster has a leader", func() bool {
		_, err := s.Bounds(context.Background())
		return err == nil
	})
	storetest.BenchmarkLog(b, s)
}

// BenchmarkRestart opens a directory with a million events, until the first page after
// a position in its middle is read: after Close, and after a crash.
func BenchmarkRestart(b *testing.B) {
	const events = 1_000_000
	dir := benchDir(b)
	s := directory(b, dir, events)
	data := []byte(`{"fill":"` + strings.Repeat("x", 89) + `"}`)
	var middle store.ID
	var publishers sync.WaitGroup
	for p := range 500 {
		publishers.Go(func() {
			for n := range events / 500 {
				id, err := s.Publish(context.Background(), "cpu", data)
				if err != nil {
					b.Error(err)
					return
				}
				if p == 0 && n == events/1000 {
					middle = id
				}
			}
		})
	}
	publishers.Wait()
	for name, before := range map[string]func() error{
		"closed":  func() error { return nil },
		"crashed": func() error { return os.Remove(filepath.Join(dir, "wakesocket-clean")) }, // what Close leaves
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s.Close()
				if err := before(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				var err error
				if s, err = nats.OpenDir(dir, nats.Options{Events: events}); err != nil {
					b.Fatal(err)
				}
				if page, err := s.After(context.Background(), middle, 100); err != nil || len(page) == 0 {
					b.Fatal(len(page), err)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/restart")
		})
	}
	s.Close()
}

// BenchmarkDisk is what a sync costs on the disk of the logs: a plain file grows by
// so many bytes, and is synced.
func BenchmarkDisk(b *testing.B) {
	for name, size := range map[string]int{"sync of 256 B": 256, "sync of 128 KiB": 128 << 10} {
		b.Run(name, func(b *testing.B) {
			file, err := os.Create(filepath.Join(b.TempDir(), "file"))
			if err != nil {
				b.Fatal(err)
			}
			defer file.Close()
			data := make([]byte, size)
			for b.Loop() {
				if _, err := file.Write(data); err != nil {
					b.Fatal(err)
				}
				if err := file.Sync(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "syncs/s")
		})
	}
}
