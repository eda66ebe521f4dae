package redis_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// These tests change the stream under the log. Whoever holds an id that it no longer
// goes on from is told of a gap.

// A stream restored from a snapshot has lost its tail, and one new entry makes
// that invisible to anyone who only compares ids.
func TestLostTail(t *testing.T) {
	for _, followed := range []bool{true, false} {
		t.Run(fmt.Sprintf("followed %v", followed), func(t *testing.T) {
			server, admin := own(t)
			s := backend.Reopen(t, server.URL, "log", storetest.Log{})
			kept := publish(t, s, 1)
			do(t, admin, "SAVE")
			lost := publish(t, s, 2)
			storetest.Close(s)
			server.Kill()
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			s = backend.Reopen(t, server.URL, "log", storetest.Log{})
			publish(t, s, 3)
			publish(t, s, 4)
			if followed {
				sink := storetest.NewSink()
				defer sink.Follow(t, s, lost)()
				sink.AwaitReset(t)
				wantGap(t, s, kept, store.Epoch) // others may have seen more than this reader
				return
			}
			wantGap(t, s, lost, store.Invalid)
			if got := after(t, s, kept); got != "3 4" {
				t.Fatalf("after the entry that was kept: %s", got)
			}
		})
	}
}

// What takes the stream away leaves no place behind in it, not even the beginning.
func TestStreamGone(t *testing.T) {
	for name, remove := range map[string][]string{
		"deleted": {"DEL", "log"},
		"flushed": {"FLUSHALL"},
		"renamed": {"RENAME", "log", "elsewhere"},
		"expired": {"PEXPIRE", "log", "0"},
	} {
		t.Run(name, func(t *testing.T) {
			server, admin := own(t)
			s := backend.Reopen(t, server.URL, "log", storetest.Log{})
			beginning := top(t, s)
			old := publish(t, s, 1)
			newest := publish(t, s, 2)
			do(t, admin, remove...)
			first := publish(t, s, 3)
			for _, id := range []store.ID{beginning, old, newest} {
				wantGap(t, s, id, store.Epoch)
			}
			if first.Epoch == old.Epoch {
				t.Errorf("the new stream has the epoch of the old one")
			}
		})
	}
}

func TestFollowerOfStreamGone(t *testing.T) {
	server, admin := own(t)
	s := backend.Reopen(t, server.URL, "log", storetest.Log{})
	sink := storetest.NewSink()
	defer sink.Follow(t, s, publish(t, s, 1))()
	publish(t, s, 2)
	sink.Await(t, 1)
	do(t, admin, "FLUSHALL")
	sink.AwaitReset(t) // without any event
	first := publish(t, s, 3)
	sink.Await(t, 2)
	if last := sink.Events()[1]; last.ID != first || string(last.Data) != "3" {
		t.Fatalf("%v", last)
	}
}

func TestRenamedBack(t *testing.T) {
	server, admin := own(t)
	s := backend.Reopen(t, server.URL, "log", storetest.Log{})
	old := publish(t, s, 1)
	do(t, admin, "RENAME", "log", "elsewhere")
	between := publish(t, s, 2)
	do(t, admin, "RENAME", "elsewhere", "log")
	publish(t, s, 3)
	wantGap(t, s, between, store.Epoch)
	if got := after(t, s, old); got != "3" {
		t.Fatalf("after an entry that is there again: %s", got)
	}
}

// Two logs may have entries with the same number: they are distinguished.
func TestSwapped(t *testing.T) {
	server, admin := own(t)
	a, b := backend.Reopen(t, server.URL, "a", storetest.Log{}), backend.Reopen(t, server.URL, "b", storetest.Log{})
	atBeginning := top(t, a)
	top(t, b)
	for _, key := range []string{"a", "b"} {
		for n := range 3 {
			do(t, admin, "XADD", key, fmt.Sprintf("%d-0", n+1), "topic", "count", "data", fmt.Sprint(n))
		}
	}
	place := top(t, a)
	do(t, admin, "RENAME", "a", "c")
	do(t, admin, "RENAME", "b", "a")
	do(t, admin, "RENAME", "c", "b")
	wantGap(t, a, place, store.Epoch)
	wantGap(t, a, atBeginning, store.Epoch)
	if got := after(t, b, atBeginning); got != "0 1 2" {
		t.Fatalf("under its new name: %s", got)
	}
}

// A copy goes on by itself: what one of the two has added is no place in the other,
// although the numbers are equal.
func TestClone(t *testing.T) {
	server, admin := own(t)
	s, clone := backend.Reopen(t, server.URL, "log", storetest.Log{}), backend.Reopen(t, server.URL, "clone", storetest.Log{})
	shared := publish(t, s, 1)
	do(t, admin, "COPY", "log", "clone")
	next := fmt.Sprintf("%d-0", shared.Major+1)
	do(t, admin, "XADD", "log", next, "topic", "count", "data", "2")
	do(t, admin, "XADD", "clone", next, "topic", "count", "data", "3")
	wantGap(t, clone, top(t, s), store.Invalid)
	if got := after(t, clone, shared); got != "3" {
		t.Fatalf("after the last entry of both: %s", got)
	}
}

// A replica is promoted before it has the newest entries; the clock of the new
// primary is behind, so that their numbers are given out again.
func TestFailoverWithLostTail(t *testing.T) {
	server, admin := own(t)
	replica, promoted := own(t)
	s := backend.Reopen(t, server.URL, "log", storetest.Log{})
	kept := publish(t, s, 1)
	do(t, promoted, "REPLICAOF", "127.0.0.1", port(server))
	do(t, admin, "WAIT", "1", "10000")
	storetest.Eventually(t, "the replica has the log", func() bool {
		n, err := promoted.Do(context.Background(), promoted.B().Exists().Key("log").Build()).AsInt64()
		return err == nil && n == 1
	})
	do(t, promoted, "REPLICAOF", "NO", "ONE")
	lost := publish(t, s, 2)
	do(t, promoted, "XADD", "log", fmt.Sprintf("%d-%d", lost.Major, lost.Minor>>32), "topic", "count", "data", "3")
	after2 := backend.Reopen(t, replica.URL, "log", storetest.Log{})
	wantGap(t, after2, lost, store.Invalid)
	if got := after(t, after2, kept); got != "3" {
		t.Fatalf("after the entry that both have: %s", got)
	}
	sink := storetest.NewSink()
	defer sink.Follow(t, after2, lost)()
	sink.AwaitReset(t)
	wantGap(t, after2, kept, store.Epoch)
}

// Rewound by RESTORE: the stream is what it was some entries ago.
func TestRewound(t *testing.T) {
	server, admin := own(t)
	s := backend.Reopen(t, server.URL, "log", storetest.Log{})
	kept := publish(t, s, 1)
	dump, err := admin.Do(context.Background(), admin.B().Dump().Key("log").Build()).ToString()
	if err != nil {
		t.Fatal(err)
	}
	lost := publish(t, s, 2)
	do(t, admin, "RESTORE", "log", "0", dump, "REPLACE")
	wantGap(t, s, lost, store.Future)
	publish(t, s, 3)
	wantGap(t, s, lost, store.Invalid)
	if got := after(t, s, kept); got != "3" {
		t.Fatalf("after the entry that was kept: %s", got)
	}
}

// Redis evicts whole keys when its memory is full.
func TestEvicted(t *testing.T) {
	server, admin := own(t, "--maxmemory", "6mb", "--maxmemory-policy", "allkeys-random")
	s := backend.Reopen(t, server.URL, "log", storetest.Log{})
	beginning := top(t, s)
	old := publish(t, s, 1)
	fill := make([]byte, 100<<10)
	storetest.Eventually(t, "the stream is evicted", func() bool {
		for n := range 50 {
			do(t, admin, "SET", fmt.Sprint("fill ", n), string(fill))
		}
		n, err := admin.Do(context.Background(), admin.B().Exists().Key("log").Build()).AsInt64()
		return err == nil && n == 0
	})
	do(t, admin, "FLUSHALL")
	publish(t, s, 2)
	wantGap(t, s, beginning, store.Epoch)
	wantGap(t, s, old, store.Epoch)
}

// Whatever other programs do with groups of their own, the epoch stays; what only
// looks like an epoch is none.
func TestForeignGroups(t *testing.T) {
	s, name := backend.New(t, storetest.Log{})
	admin := connect(t, backend.URL())
	do(t, admin, "XGROUP", "CREATE", name, "wakesocket:epoch:A-B", "0", "MKSTREAM")
	do(t, admin, "XGROUP", "CREATE", name, "wakesocket:epoch:"+string(make([]byte, 0))+"a23456789012345678901234567890123", "0")
	do(t, admin, "XGROUP", "CREATE", name, "another", "0")
	id := publish(t, s, 1)
	if again, ok := store.ParseID(id.String()); !ok || again != id || id.Epoch != top(t, s).Epoch {
		t.Fatalf("the id is %v, the end of the log is %v", id, top(t, s))
	}
}

// An entry that was added with an explicit and huge number has no id here.
func TestNumberTooLarge(t *testing.T) {
	s, name := backend.New(t, storetest.Log{})
	do(t, connect(t, backend.URL()), "XADD", name, "5-4294967296", "topic", "cpu", "data", "1")
	if _, err := s.Bounds(context.Background()); err == nil {
		t.Fatal("no error")
	}
}
