package postgres_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// These tests change the tables under the log. Whoever holds an id that it no longer
// goes on from is told of a gap.

// run runs a program of PostgreSQL beside the server's.
func run(t *testing.T, server *storetest.Server, program string, arguments ...string) string {
	t.Helper()
	cmd := exec.Command(filepath.Join(storetest.PostgresBin(), program), arguments...)
	server.RunAs(cmd)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return string(out)
}

// A dump has the rows, and whatever was published afterwards is lost: into the same
// database, and into a new cluster, whose timeline is the first again.
func TestRestoredDump(t *testing.T) {
	for _, same := range []bool{true, false} {
		from := backend.Server(t)
		s := backend.Reopen(t, from.URL, "log", storetest.Log{})
		beginning := top(t, s)
		kept := publish(t, s, 1)
		dump := run(t, from, "pg_dump", "--schema=log", from.URL)
		lost := publish(t, s, 2)
		to := from
		if same {
			execute(t, connect(t, from.URL), `drop schema log cascade`)
		} else {
			to = backend.Server(t)
		}
		file := filepath.Join(t.TempDir(), "dump.sql")
		if err := os.WriteFile(file, []byte(dump), 0o644); err != nil {
			t.Fatal(err)
		}
		os.Chmod(filepath.Dir(file), 0o755)
		os.Chmod(filepath.Dir(filepath.Dir(file)), 0o755)
		run(t, to, "psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", file, to.URL)
		restored := backend.Reopen(t, to.URL, "log", storetest.Log{})
		if again := publish(t, restored, 3); again.Major != lost.Major {
			t.Fatalf("the restored log goes on with %v, lost is %v", again, lost)
		}
		for _, id := range []store.ID{beginning, kept, lost} {
			wantGap(t, restored, id, store.Epoch)
		}
	}
}

// A copy of the files, put back after a crash: the same cluster, timeline and tables.
func TestRestoredFiles(t *testing.T) {
	server := backend.Server(t)
	s := backend.Reopen(t, server.URL, "log", storetest.Log{})
	beginning := top(t, s)
	kept := publish(t, s, 1)
	storetest.Close(s)
	server.Kill()
	copied := server.Dir() + "/copy"
	if out, err := exec.Command("cp", "-a", server.Dir()+"/data", copied).CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	start(t, server)
	s = backend.Reopen(t, server.URL, "log", storetest.Log{})
	lost := publish(t, s, 2)
	storetest.Close(s)
	server.Kill()
	if out, err := exec.Command("sh", "-c", "rm -r "+server.Dir()+"/data && mv "+copied+" "+server.Dir()+"/data").CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	start(t, server)
	s = backend.Reopen(t, server.URL, "log", storetest.Log{})
	wantGap(t, s, lost, store.Future)
	if again := publish(t, s, 3); again.Major != lost.Major || again == lost {
		t.Fatalf("the number %d is given out again as %v, lost is %v", lost.Major, again, lost)
	}
	wantGap(t, s, lost, store.Invalid)
	if got := after(t, s, beginning); got != "1 3" {
		t.Fatalf("from the beginning: %s", got)
	}
	// A reader that has seen the lost event renews the epoch: others may have seen more.
	sink := storetest.NewSink()
	defer sink.Follow(t, s, lost)()
	sink.AwaitReset(t)
	wantGap(t, s, kept, store.Epoch)
}

func start(t *testing.T, server *storetest.Server) {
	t.Helper()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
}

// A database that was made from this one goes on by itself.
func TestClone(t *testing.T) {
	server := backend.Server(t)
	s := backend.Reopen(t, server.URL, "log", storetest.Log{})
	place := publish(t, s, 1)
	storetest.Close(s)
	execute(t, connect(t, strings.Replace(server.URL, "/postgres?", "/template1?", 1)), `create database clone template postgres`)
	clone := backend.Reopen(t, strings.Replace(server.URL, "/postgres?", "/clone?", 1), "log", storetest.Log{})
	wantGap(t, clone, place, store.Epoch)
}

// A standby is promoted before it has the newest events.
func TestFailoverWithLostTail(t *testing.T) {
	primary := backend.Server(t)
	s := backend.Reopen(t, primary.URL, "log", storetest.Log{})
	kept := publish(t, s, 1)
	standby := backend.Server(t)
	standby.Kill()
	if err := os.RemoveAll(standby.Dir() + "/data"); err != nil {
		t.Fatal(err)
	}
	run(t, primary, "pg_basebackup", "-R", "-c", "fast", "-D", standby.Dir()+"/data", "-d", primary.URL)
	start(t, standby)
	lost := publish(t, s, 2)
	primary.Kill()
	execute(t, connect(t, standby.URL), `select pg_promote()`)
	promoted := backend.Reopen(t, standby.URL, "log", storetest.Log{})
	publish(t, promoted, 3)
	wantGap(t, promoted, lost, store.Epoch)
	wantGap(t, promoted, kept, store.Epoch)
}

func TestSwapped(t *testing.T) {
	server := backend.Server(t)
	a, b := backend.Reopen(t, server.URL, "a", storetest.Log{}), backend.Reopen(t, server.URL, "b", storetest.Log{})
	beginnings := []store.ID{top(t, a), top(t, b)}
	inA, inB := publish(t, a, 1), publish(t, b, 1)
	conn := connect(t, server.URL)
	execute(t, conn, `alter schema a rename to c; alter schema b rename to a; alter schema c rename to b`)
	for _, id := range append(beginnings, inA, inB) {
		wantGap(t, a, id, store.Epoch)
		wantGap(t, b, id, store.Epoch)
	}
}

// Rows that somebody deletes are a gap for those who need them, and the log goes on.
func TestRowsDeleted(t *testing.T) {
	for name, test := range map[string]struct {
		damage string
		place  int // that can no longer be proved
		rest   string
	}{
		"the oldest": {`delete from $.event where id < 3`, 1, "4 5 9"},
		"the newest": {`delete from $.event where id = 5`, 4, "9"},
		"all":        {`delete from $.event`, 1, "9"},
		"one":        {`delete from $.event where id = 2`, 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, schema := backend.New(t, storetest.Log{})
			ids := []store.ID{top(t, s)}
			for n := 1; n <= 5; n++ {
				ids = append(ids, publish(t, s, n))
			}
			execute(t, connect(t, backend.URL()), strings.ReplaceAll(test.damage, "$", schema))
			wantGap(t, s, ids[test.place], store.Trimmed)
			sink := storetest.NewSink()
			defer sink.Follow(t, s, ids[5])()
			sink.AwaitAppends(t, 1)
			publish(t, s, 9)
			sink.Await(t, 1)
			if test.rest == "" {
				return
			}
			storetest.Eventually(t, "the rest can be read", func() bool {
				b, err := s.Bounds(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				_, err = s.After(context.Background(), b.Base, 10)
				return err == nil && after(t, s, b.Base) == test.rest
			})
		})
	}
}
