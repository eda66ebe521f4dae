package nats_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/nats"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// publishUntilKilled is the other process of TestKilled: it prints each id that was
// acknowledged.
func publishUntilKilled(dir string) {
	s, err := nats.Open("file://"+dir, nats.Options{Events: 1_000_000})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	var mu sync.Mutex
	for p := range 32 {
		go func() {
			for n := 0; ; n++ {
				data := fmt.Sprintf(`"%d/%d"`, p, n)
				id, err := s.Publish(context.Background(), "count", []byte(data))
				if err != nil {
					fmt.Println(err)
					os.Exit(1)
				}
				mu.Lock()
				fmt.Println(id, data)
				mu.Unlock()
			}
		}()
	}
	select {}
}

// kill -9 takes nothing that was acknowledged, and who reads on finds no gap.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var acknowledged [][2]string
	for range 3 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "WAKESOCKET_TEST_PUBLISH="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			id, data, ok := strings.Cut(lines.Text(), " ")
			if !ok || !strings.HasPrefix(data, `"`) {
				t.Fatalf("%q", lines.Text())
			}
			acknowledged = append(acknowledged, [2]string{id, data})
			if n == 2000 {
				cmd.Process.Kill() // what was printed until then is read to the end
			}
		}
		cmd.Wait()
	}
	s := directory(t, dir, 1_000_000)
	log := everything(t, s)
	for _, event := range acknowledged {
		if log[event[0]] != event[1] {
			t.Fatalf("event %s is %q, acknowledged was %q", event[0], log[event[0]], event[1])
		}
	}
	t.Logf("%d events acknowledged, %d in the log", len(acknowledged), len(log))
}

// everything reads the whole log, without a gap.
func everything(t *testing.T, s store.Store) map[string]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	b, err := s.Bounds(ctx)
	if err != nil {
		t.Fatal(err)
	}
	log := map[string]string{}
	for at := b.Base; ; {
		page, err := s.After(ctx, at, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			return log
		}
		for _, e := range page {
			log[e.ID.String()] = string(e.Data)
			at = e.ID
		}
	}
}

func TestOneProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := directory(t, dir, 100)
	if _, err := nats.OpenDir(dir, nats.Options{}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Fatalf("the directory is opened twice: %v", err)
	}
	id := publish(t, s, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := directory(t, dir, 100)
	publish(t, again, 2)
	if got := after(t, again, id); got != "2" {
		t.Fatalf("after a restart: %q", got)
	}
}

func TestDirectoryRefused(t *testing.T) {
	t.Parallel()
	foreign, future, file := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "file")
	for path, text := range map[string]string{filepath.Join(foreign, "notes.txt"): "mine", filepath.Join(future, "wakesocket-log"): "wakesocket log 7\n", file: ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for dir, want := range map[string]string{foreign: "choose an empty directory", future: "version", file: "not a directory"} {
		_, err := nats.OpenDir(dir, nats.Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", dir, err, want)
		}
	}
	if entries, err := os.ReadDir(foreign); err != nil || len(entries) != 1 {
		t.Errorf("the refused directory has %v, %v", entries, err)
	}
}

// A backup that is put back has lost the end of the log: those who have seen it are
// told of a gap, although its numbers are given out again.
func TestRestoredBackup(t *testing.T) {
	t.Parallel()
	dir, backup := t.TempDir(), filepath.Join(t.TempDir(), "backup")
	s := directory(t, dir, 100)
	kept := publish(t, s, 1)
	s.Close()
	if out, err := exec.Command("cp", "-a", dir, backup).CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	s = directory(t, dir, 100)
	lost := publish(t, s, 2)
	s.Close()
	restored := directory(t, backup, 100)
	wantGap(t, restored, lost, store.Future)
	if again := publish(t, restored, 3); again.Major != lost.Major {
		t.Fatalf("%v, lost is %v", again, lost)
	}
	wantGap(t, restored, lost, store.Invalid)
	if got := after(t, restored, kept); got != "3" {
		t.Fatalf("after the event that was kept: %s", got)
	}
	sink := storetest.NewSink()
	defer sink.Follow(t, restored, lost)()
	sink.AwaitReset(t)
	wantGap(t, restored, kept, store.Epoch)
}

// A full disk is reported to publishers; what was acknowledged stays, and when there is
// room again the log goes on.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", dir).CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("a small file system cannot be mounted: %s", out)
		}
		t.Skipf("NOT TESTED: a small file system cannot be mounted, which needs root: %s", out)
	}
	t.Cleanup(func() { exec.Command("umount", "-l", dir).Run() })
	ballast := filepath.Join(dir, "log", "ballast")
	s := directory(t, filepath.Join(dir, "log"), 1_000_000)
	publish(t, s, 0)
	if err := os.WriteFile(ballast, make([]byte, 12<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	data := []byte(`"` + strings.Repeat("x", 100<<10) + `"`)
	stored := []store.ID{}
	var failed error
	for range 400 {
		id, err := s.Publish(context.Background(), "fill", data)
		if err != nil {
			failed = err
			break
		}
		stored = append(stored, id)
	}
	if failed == nil || !errors.Is(failed, store.ErrNotStored) && !errors.Is(failed, store.ErrOutcomeUnknown) {
		t.Fatalf("after %d events: %v", len(stored), failed)
	}
	t.Logf("after %d events: %v", len(stored), failed)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = directory(t, filepath.Join(dir, "log"), 1_000_000)
	log := everything(t, s)
	for _, id := range stored {
		if log[id.String()] != string(data) {
			t.Fatalf("%v was acknowledged and is lost", id)
		}
	}
	publish(t, s, 1)
}
