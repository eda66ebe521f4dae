package nats_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/nats"
)

// outcomes are what many publishers were told of their events.
type outcomes struct {
	sync.Mutex
	stored  map[string]string // data, by id
	refused map[string]bool   // data that are certainly not there
}

// publish publishes and notes the outcome.
func (o *outcomes) publish(ctx context.Context, s store.Store, data string, options ...store.PublishOption) (store.ID, error) {
	id, err := s.Publish(ctx, "count", []byte(data), options...)
	o.Lock()
	defer o.Unlock()
	switch {
	case err == nil:
		o.stored[id.String()] = data
	case errors.Is(err, store.ErrNotStored):
		o.refused[data] = true
	}
	return id, err
}

// check compares with a log.
func (o *outcomes) check(t *testing.T, log map[string]string) {
	t.Helper()
	for id, data := range o.stored {
		if log[id] != data {
			t.Errorf("%s is %q, acknowledged was %q", id, log[id], data)
		}
	}
	for id, data := range log {
		if o.refused[data] {
			t.Errorf("%s is %q, which was refused", id, data)
		}
	}
}

// Events that share a group share nothing else: one that is too large, one whose key was
// there before, and one whose publisher gives up have outcomes of their own, and the
// events of one publisher are in the log in its order. Close in the middle of groups
// answers everybody.
func TestGroups(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := directory(t, dir, 1_000_000)
	o := &outcomes{stored: map[string]string{}, refused: map[string]bool{}}
	tooLarge := `"` + strings.Repeat("x", 2<<20) + `"`
	var publishers, endless sync.WaitGroup
	for p := range 32 {
		publishers.Go(func() {
			last := uint64(0)
			for n := range 30 {
				data, key := fmt.Sprintf(`"%d/%d"`, p, n), fmt.Sprintf("%d/%d", p, n)
				id, err := o.publish(t.Context(), s, data, store.IdempotencyKey(key))
				if err != nil || id.Major <= last {
					t.Errorf("%s is %v after %d: %v", data, id, last, err)
				}
				last = id.Major
				switch p % 4 {
				case 0:
					if again, err := s.Publish(t.Context(), "count", []byte(`"other"`), store.IdempotencyKey(key)); err != nil || again != id {
						t.Errorf("%s again is %v: %v", data, again, err)
					}
				case 1:
					if _, err := s.Publish(t.Context(), "count", []byte(tooLarge)); !errors.Is(err, store.ErrNotStored) {
						t.Errorf("an event that is too large: %v", err)
					}
				case 2:
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(2000))*time.Microsecond)
					if _, err := o.publish(ctx, s, fmt.Sprintf(`"%d/%d in a hurry"`, p, n)); err != nil && !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("an event that was given up: %v", err)
					}
					cancel()
				}
			}
		})
	}
	publishers.Wait()
	begun := make(chan struct{}, 32)
	for p := range 32 {
		endless.Go(func() {
			for n := 0; ; n++ {
				_, err := o.publish(context.Background(), s, fmt.Sprintf(`"endless %d/%d"`, p, n))
				if n == 0 {
					begun <- struct{}{}
				}
				if err != nil {
					if !errors.Is(err, store.ErrNotStored) && !errors.Is(err, store.ErrOutcomeUnknown) {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	for range 32 {
		<-begun
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	endless.Wait()
	log := everything(t, directory(t, dir, 1_000_000))
	o.check(t, log)
	t.Logf("%d acknowledged, %d refused, %d in the log", len(o.stored), len(o.refused), len(log))
}

// What the server refuses of a group is not stored; the rest is.
func TestServerRefusesOne(t *testing.T) {
	t.Parallel()
	url := serverWith(t, server.Options{JetStream: true})
	if _, err := management(t, url).CreateStream(t.Context(), jetstream.StreamConfig{
		Name: "wakesocket", Subjects: []string{"wakesocket.>"}, AllowDirect: true, Duplicates: store.KeyWindow, MaxMsgSize: 200,
	}); err != nil {
		t.Fatal(err)
	}
	s, err := nats.Open(url, nats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	o := &outcomes{stored: map[string]string{}, refused: map[string]bool{}}
	var publishers sync.WaitGroup
	for p := range 64 {
		publishers.Go(func() {
			fill := strings.Repeat("x", 300*(p%2)) // every second is too large
			_, err := o.publish(t.Context(), s, fmt.Sprintf(`"%d %s"`, p, fill))
			if tooLarge := p%2 == 1; errors.Is(err, store.ErrNotStored) != tooLarge {
				t.Errorf("%d: %v", p, err)
			}
		})
	}
	publishers.Wait()
	log := everything(t, s)
	o.check(t, log)
	if len(log) != 32 {
		t.Errorf("%d events in the log", len(log))
	}
}

// A disk that has refused what was written is never trusted again: a later sync may
// succeed although there is a hole in the file. What cannot be opened for a moment is
// another matter.
func TestBrokenDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := directory(t, dir, 1000)
	first := publish(t, s, 1)
	block := filepath.Join(dir, "jetstream", "$G", "streams", "wakesocket", "msgs", "2.blk")
	fails := func(target string, want error, text string) {
		t.Helper()
		if target != "" {
			if err := os.Symlink(target, block); err != nil {
				t.Fatal(err)
			}
			defer os.Remove(block)
		}
		if _, err := s.Publish(t.Context(), "cpu", []byte("2")); !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
			t.Fatalf("with %q: %v, want %v and %q", target, err, want, text)
		}
	}
	fails(block, store.ErrOutcomeUnknown, "too many levels") // a link to itself
	publish(t, s, 3)
	const repair = "repair the disk, then start this program again"
	fails("/dev/null", store.ErrOutcomeUnknown, repair) // which cannot be synced
	fails("", store.ErrNotStored, repair)
	if err := s.Close(); err == nil || !strings.Contains(err.Error(), repair) {
		t.Errorf("Close: %v", err)
	}
	s = directory(t, dir, 1000)
	publish(t, s, 4)
	if got := after(t, s, first); got != "2 3 2 4" {
		t.Errorf("after the restart: %s", got)
	}
}

// A log that cannot be marked as closed says so, and is read anew the next time.
func TestCloseOnBrokenDisk(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{"/dev/null": "invalid argument", "nowhere/file": "no such file"} {
		dir := t.TempDir()
		s := directory(t, dir, 1000)
		first := publish(t, s, 1)
		publish(t, s, 2)
		if err := os.Symlink(target, filepath.Join(dir, "wakesocket-clean")); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Close with %q: %v, want %q", target, err, want)
		}
		s = directory(t, dir, 1000)
		publish(t, s, 3)
		if got := after(t, s, first); got != "2 3" {
			t.Errorf("with %q: %q after the restart", target, got)
		}
	}
}
