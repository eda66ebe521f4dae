package nats

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// syncedLog is a directory with a stream of one block and its index.
func syncedLog(t *testing.T) (dir string, s *syncer) {
	t.Helper()
	dir = t.TempDir()
	s = newSyncer(dir, "log")
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"1.blk", index} {
		if err := os.WriteFile(filepath.Join(s.dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, s
}

// A log is marked as closed only when all of it is on disk. /dev/null in the place of a
// file stands for a disk that refuses to sync it.
func TestMarkClean(t *testing.T) {
	t.Parallel()
	refuses := func(path ...string) func(dir string, s *syncer) error {
		return func(dir string, s *syncer) error {
			path := filepath.Join(append([]string{dir}, path...)...)
			os.Remove(path)
			return os.Symlink("/dev/null", path)
		}
	}
	msgs := filepath.Join("jetstream", "$G", "streams", "log", "msgs")
	for name, test := range map[string]struct {
		harm   func(dir string, s *syncer) error
		want   error // nil for none
		marked bool
	}{
		"all is on disk":           {func(string, *syncer) error { return nil }, nil, true},
		"no stream":                {func(dir string, s *syncer) error { return os.RemoveAll(s.dir) }, nil, false},
		"no index":                 {func(dir string, s *syncer) error { return os.Remove(filepath.Join(s.dir, index)) }, nil, false},
		"a block is refused":       {refuses(msgs, "1.blk"), unix.EINVAL, false},
		"a description is refused": {refuses(msgs, "..", "meta.inf"), unix.EINVAL, false},
		"the index is refused":     {refuses(msgs, index), unix.EINVAL, false},
		"the mark is refused":      {refuses(clean), unix.EINVAL, true},
		"no mark can be made":      {func(dir string, s *syncer) error { return os.Mkdir(filepath.Join(dir, clean), 0o700) }, unix.EISDIR, true},
		"the disk was broken":      {func(dir string, s *syncer) error { s.failed.Store(new(error(unix.EIO))); return nil }, unix.EIO, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir, s := syncedLog(t)
			if err := test.harm(dir, s); err != nil {
				t.Fatal(err)
			}
			if err := s.markClean(dir); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
			info, err := os.Lstat(filepath.Join(dir, clean))
			if (err == nil) != test.marked || test.marked && test.want == nil && info.Mode() != 0o600 {
				t.Errorf("marked: %v, want %v; %v", err == nil, test.marked, info)
			}
		})
	}
}

// The entry of the index is on disk before the mark says so. The lease stops markClean
// where it opens the index; the directory is away when it goes on.
func TestMarkCleanSyncsTheDirectory(t *testing.T) {
	t.Parallel()
	dir, s := syncedLog(t)
	held, err := os.OpenFile(filepath.Join(s.dir, index), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if _, err := unix.FcntlInt(held.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Skipf("NOT TESTED: the file system has no leases: %v", err)
	}
	marked := make(chan error, 1)
	go func() { marked <- s.markClean(dir) }()
	for lease := unix.F_WRLCK; lease == unix.F_WRLCK; time.Sleep(time.Millisecond) {
		if lease, err = unix.FcntlInt(held.Fd(), unix.F_GETLEASE, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(s.dir, s.dir+" away"); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(held.Fd(), unix.F_SETLEASE, unix.F_UNLCK); err != nil {
		t.Fatal(err)
	}
	if err := <-marked; err == nil {
		t.Error("no error")
	}
	if _, err := os.Lstat(filepath.Join(dir, clean)); err == nil {
		t.Error("the log is marked")
	}
}

// inProc is a path through a directory of /proc, which refuses to be synced: "<a
// directory of /proc>/<number>" is the directory that is given.
func inProc(t *testing.T, dir string) string {
	t.Helper()
	open, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { open.Close() })
	return fmt.Sprintf("/proc/self/fd/%d", open.Fd())
}

// A directory above the blocks that cannot be synced breaks the log like a block does: the
// new block may not be found after a loss of power. What is above the log is not its own.
func TestDirectoryCannotBeSynced(t *testing.T) {
	t.Parallel()
	below := "msgs"
	for dir, s := syncedLog(t); ; below = filepath.Join(filepath.Base(s.dir), below) {
		s.dir = filepath.Dir(s.dir)
		broken := &syncer{dir: filepath.Join(inProc(t, s.dir), below)}
		if s.dir == dir {
			if err := broken.sync(); err != nil || broken.oldest != 1 {
				t.Errorf("%v; oldest is %d", err, broken.oldest)
			}
			return
		}
		for range 2 { // the second does not reach the disk
			if err := broken.sync(); !errors.Is(err, unix.EINVAL) || !strings.Contains(err.Error(), "repair the disk") || broken.oldest != 0 {
				t.Errorf("above %s: %v; oldest is %d", below, err, broken.oldest)
			}
			broken.dir = "/nowhere"
		}
	}
}

// What was distrusted is so on disk before the server begins.
func TestDistrust(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		harm    func(dir string) error
		want    error
		trusted bool // the index
	}{
		"it was closed":     {func(dir string) error { return os.WriteFile(filepath.Join(dir, clean), nil, 0o600) }, nil, true},
		"it was not closed": {func(string) error { return nil }, nil, false},
		"it cannot be seen to": {func(dir string) error {
			return os.MkdirAll(filepath.Join(dir, clean, "x"), 0o700)
		}, unix.ENOTEMPTY, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir, s := syncedLog(t)
			if err := test.harm(dir); err != nil {
				t.Fatal(err)
			}
			if err := s.distrust(dir); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
			if _, err := os.Stat(filepath.Join(s.dir, index)); errors.Is(err, fs.ErrNotExist) == test.trusted {
				t.Errorf("the index: %v; trusted: %v", err, test.trusted)
			}
			if _, err := os.Stat(filepath.Join(dir, clean)); err == nil && test.want == nil {
				t.Error("it is marked as closed while it is open")
			}
		})
	}
	_, s := syncedLog(t)
	if err := s.distrust("/proc/self/fd"); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a directory that cannot be synced: %v", err)
	}
}

// terminal is a file that has a text and cannot be synced. It stays open, since its end
// may end a process that has no other terminal.
func terminal(t *testing.T, text string) (path string) {
	t.Helper()
	master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("NOT TESTED: there are no terminals: %v", err)
	}
	number, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Write(master, []byte(text+"\x04")); err != nil { // what is typed, and its end
		t.Fatal(err)
	}
	return fmt.Sprint("/dev/pts/", number)
}

// A marker that is not on disk would leave a directory that is taken for no log after a
// loss of power. So it has to be synced when the log is opened: one that was there, too.
func TestMarkerCannotBeSynced(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]func() string{
		"a new one":  func() string { return "/dev/null" },
		"an old one": func() string { return terminal(t, version) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.Symlink(target(), filepath.Join(dir, marker)); err != nil {
				t.Fatal(err)
			}
			s, err := OpenDir(dir, Options{})
			if err == nil {
				s.Close()
			}
			if !errors.Is(err, unix.EINVAL) || !strings.Contains(err.Error(), "choose another directory") {
				t.Errorf("%v", err)
			}
		})
	}
}
