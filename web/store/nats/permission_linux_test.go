package nats_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/wakesocket/wakesocket/web/store/nats"
)

// A directory that the user may not write is refused in a sentence that says what to
// do, and is left as it was.
func TestNoPermissionForDirectory(t *testing.T) {
	parent := t.TempDir()
	dir, secret := filepath.Join(parent, "readable"), filepath.Join(parent, "secret")
	if err := errors.Join(os.Mkdir(dir, 0o500), os.Mkdir(secret, 0)); err != nil {
		t.Fatal(err)
	}
	// Root may write everywhere, so this thread is another user meanwhile. It does
	// nothing for those who are not root.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Setfsuid(65534); err != nil {
		t.Fatal(err)
	}
	defer unix.Setfsuid(os.Getuid())
	for _, dir := range []string{dir, filepath.Join(dir, "log"), filepath.Join(secret, "log")} {
		s, err := nats.OpenDir(dir, nats.Options{})
		if err == nil {
			s.Close()
		}
		if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "let the user of this program write there") {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil && !errors.Is(err, fs.ErrPermission) || len(entries) != 0 {
		t.Errorf("the directory has %v, %v", entries, err)
	}
}
