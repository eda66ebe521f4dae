package nats

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// What cannot be synced shows which files are: a link to /dev/null in the place of one.
func TestSyncedFiles(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		oldest int // block that may have grown
		file   string
		synced bool
	}{
		{"a block that was full before", 2, "msgs/1.blk", false},
		{"the block that grew", 2, "msgs/2.blk", true},
		{"the next one", 2, "msgs/3.blk", true},
		{"the newest one", 2, "msgs/4.blk", true},
		{"no block", 2, "msgs/x.blk", false},
		{"the description of a new stream", 0, "meta.inf", true},
		{"its checksum", 0, "meta.sum", true},
		{"the description when there is no new block", 4, "meta.inf", false},
		{"the only block that grew", 4, "msgs/4.blk", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			s := newSyncer(dir, "log")
			s.oldest = test.oldest
			stream := filepath.Dir(s.dir)
			if err := os.MkdirAll(s.dir, 0o700); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"msgs/1.blk", "msgs/2.blk", "msgs/3.blk", "msgs/4.blk", "msgs/x.blk", "meta.inf", "meta.sum"} {
				if err := os.WriteFile(filepath.Join(stream, name), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.sync(); err != nil || s.oldest != 4 {
				t.Fatalf("oldest is %d after a sync: %v", s.oldest, err)
			}
			s.oldest = test.oldest
			path := filepath.Join(stream, test.file)
			if err := errors.Join(os.Remove(path), os.Symlink("/dev/null", path)); err != nil {
				t.Fatal(err)
			}
			if err := s.sync(); (err != nil) != test.synced {
				t.Errorf("synced: %v, want %v: %v", err != nil, test.synced, err)
			}
		})
	}
}
