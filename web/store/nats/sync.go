package nats

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
)

// syncer makes what the server has written survive a loss of power. The server
// writes each message to its file before it acknowledges it, but syncs files only
// now and then; so the files that have grown since are synced before an answer.
type syncer struct {
	dir    string // of the blocks of messages
	oldest int    // block that may have grown since the last sync
	failed atomic.Pointer[error]
}

func newSyncer(dir, stream string) *syncer {
	return &syncer{dir: filepath.Join(dir, "jetstream", "$G", "streams", stream, "msgs")}
}

// index is the server's summary of the blocks. It is not synced with them: after a
// loss of power it may tell of messages that no block has.
const index = "index.db"

// distrust removes the index unless the log was closed; the server then reads the
// blocks themselves.
func (s *syncer) distrust(dir string) error {
	err := os.Remove(filepath.Join(dir, clean))
	if errors.Is(err, fs.ErrNotExist) {
		err = os.Remove(filepath.Join(s.dir, index))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncDir(dir)
}

// markClean makes the index be trusted, when the server has ended.
func (s *syncer) markClean(dir string) error {
	if err := s.sync(); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the stream was never made
		}
		return err
	}
	err := syncFile(filepath.Join(s.dir, index))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // there was nothing to summarize
	}
	if err != nil {
		return err
	}
	if err := syncDir(s.dir); err != nil { // the server has replaced the index
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, clean), nil, 0o600); err != nil {
		return err
	}
	return errors.Join(syncFile(filepath.Join(dir, clean)), syncDir(dir))
}

// sync makes what was written before survive. When the disk has refused it once, it fails
// for good: the system forgets what the disk refused, so that a later sync succeeds
// although there is a hole in the file, and the server reads a file up to its first hole.
func (s *syncer) sync() error {
	if err := s.broken(); err != nil {
		return err
	}
	err := s.syncBlocks()
	if _, refused := errors.AsType[refusedError](err); refused {
		s.failed.Store(&err)
		return s.broken()
	}
	return err
}

// broken is the error of a log whose disk has refused something. It may be asked during
// a sync.
func (s *syncer) broken() error {
	if err := s.failed.Load(); err != nil {
		return fmt.Errorf("the log takes no events any more: %w; repair the disk, then start this program again", *err)
	}
	return nil
}

// syncBlocks syncs every block that may have grown. Blocks are numbered; only the newest
// one grows.
func (s *syncer) syncBlocks() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("the blocks cannot be found: %w", err)
	}
	newest := s.oldest
	for _, entry := range entries {
		number, ok := block(entry.Name())
		if !ok || number < s.oldest {
			continue
		}
		newest = max(newest, number)
		err := syncFile(filepath.Join(s.dir, entry.Name()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // a block may be trimmed meanwhile
			return err
		}
	}
	if newest != s.oldest {
		if err := s.syncDirs(); err != nil {
			return err
		}
		s.oldest = newest
	}
	return nil
}

// syncDirs makes new files be found after a loss of power: in the directory of the
// blocks and those above it, which are new with the stream.
func (s *syncer) syncDirs() error {
	stream := filepath.Dir(s.dir)
	for _, file := range []string{"meta.inf", "meta.sum"} {
		if err := syncFile(filepath.Join(stream, file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for dir, levels := s.dir, 0; levels < 6; dir, levels = filepath.Dir(dir), levels+1 {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// block is the number in the name of a block of messages.
func block(name string) (number int, ok bool) {
	text, ok := strings.CutSuffix(name, ".blk")
	if !ok {
		return 0, false
	}
	number, err := strconv.Atoi(text)
	return number, err == nil
}

// refusedError is the error of a disk that did not take what was written.
type refusedError struct{ error }

func (e refusedError) Unwrap() error { return e.error }

func syncFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := file.Sync(); err != nil {
		return refusedError{err}
	}
	return nil
}

func syncDir(path string) error { return syncFile(path) }
