// Package program builds a place for the programs and snippets of the docs, and runs
// them in tests.
package program

import (
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

const patience = time.Minute

// Folder is one within the package that is tested, so that sources in it use the
// package's module. It is gone after the test.
func Folder(t testing.TB) string {
	t.Helper()
	folder, err := os.MkdirTemp(".", "snippets-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return filepath.Base(folder)
}

// Write writes a file, and makes its folder.
func Write(t testing.TB, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Start runs a command until the test ends. Its errors are those of the test.
func Start(t testing.TB, command *exec.Cmd) {
	t.Helper()
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
}

// Until tries until it works: a program that was started needs a while.
func Until(t testing.TB, try func() error) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	limit := time.Now().Add(patience)
	for err := try(); err != nil; err = try() {
		if time.Now().After(limit) {
			t.Fatal(err)
		}
		<-tick.C
	}
}

// FreeAddress is one that nobody listens at. Its port is one that the system gives to
// nobody who asks for any, as other tests do meanwhile.
func FreeAddress(t testing.TB) string {
	t.Helper()
	for {
		address := "127.0.0.1:" + strconv.Itoa(20_000+rand.IntN(10_000))
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return address
		}
	}
}
