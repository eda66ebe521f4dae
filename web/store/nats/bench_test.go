package nats_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
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
	b.Run("restart", func(b *testing.B) {
		dir := benchDir(b)
		crash := func() error { return os.Remove(filepath.Join(dir, "wakesocket-clean")) } // what Close leaves
		storetest.BenchmarkRestart(b, func() (store.Store, error) {
			return nats.OpenDir(dir, nats.Options{Events: storetest.RestartEvents})
		}, storetest.Restart{Name: "stopped"}, storetest.Restart{Name: "killed", Down: crash})
	})
}

// BenchmarkServer is one server of its own, which syncs now and then.
func BenchmarkServer(b *testing.B) {
	storetest.BenchmarkLog(b, backend.Reopen(b, backend.URL(), backend.NewName(), storetest.Log{Events: 1_000_000}))
	b.Run("restart", func(b *testing.B) { backend.BenchmarkRestart(b) })
}

// BenchmarkCluster has three copies of each event, on three servers of this machine.
func BenchmarkCluster(b *testing.B) {
	c := newCluster(b, "bench")
	open := func() (store.Store, error) {
		s := c.open(c.connect(c.servers[0].URL))
		storetest.Eventually(b, "the cluster has a leader", func() bool {
			_, err := s.Bounds(context.Background())
			return err == nil
		})
		return s, nil
	}
	s, _ := open()
	storetest.BenchmarkLog(b, s)
	b.Run("restart", func(b *testing.B) {
		storetest.BenchmarkRestart(b, open, storetest.Restart{Name: "feed"},
			storetest.Restart{Name: "stopped", Down: c.each((*storetest.Server).Shutdown), Up: c.each((*storetest.Server).Start)},
			storetest.Restart{Name: "killed", Down: c.each(func(s *storetest.Server) error { s.Kill(); return nil }), Up: c.each((*storetest.Server).Start)})
	})
}

// each does the same to all servers at once.
func (c *cluster) each(do func(*storetest.Server) error) func() error {
	return func() error {
		errs := make([]error, len(c.servers))
		var wg sync.WaitGroup
		for i, s := range c.servers {
			wg.Go(func() { errs[i] = do(s) })
		}
		wg.Wait()
		return errors.Join(errs...)
	}
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
