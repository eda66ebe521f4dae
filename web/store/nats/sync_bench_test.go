package nats_test

import (
	"os"
	"path/filepath"
	"testing"
)

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
