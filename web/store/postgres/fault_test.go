package postgres_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/postgres"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func execute(t testing.TB, conn interface {
	Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
}, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(context.Background(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// Sixteen writers publish inside of transactions of their own, some of which are
// rolled back, while a long unrelated transaction holds a snapshot and a write.
// Ids from a sequence lose more than half of the events here.
func TestWritersWithRollbacks(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	const writers, each = 16, 60
	s, schema := backend.New(t, storetest.Log{Events: 100_000})
	from := top(t, s)
	sink := storetest.NewSink()
	defer sink.Follow(t, s, from)()

	admin := connect(t, backend.URL())
	execute(t, admin, `create table if not exists unrelated (n int)`)
	long, err := admin.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	execute(t, long, `insert into unrelated values (1)`)

	var (
		mu        sync.Mutex
		committed = map[string]string{} // id → data
		wg        sync.WaitGroup
	)
	for w := range writers {
		conn := connect(t, backend.URL())
		wg.Go(func() {
			for n := range each {
				tx, err := conn.Begin(context.Background())
				if err != nil {
					t.Error(err)
					return
				}
				ids := map[string]string{}
				for i := range 1 + rand.IntN(3) {
					data := fmt.Sprintf(`"%d/%d/%d"`, w, n, i)
					var id string
					if err := tx.QueryRow(context.Background(), `select `+schema+`.publish('count', $1)`, data).Scan(&id); err != nil {
						t.Error(err)
						return
					}
					ids[id] = data
				}
				if rand.IntN(5) == 0 {
					tx.Rollback(context.Background())
					continue
				}
				if err := tx.Commit(context.Background()); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for id, data := range ids {
					committed[id] = data
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	sink.Await(t, len(committed)) // while the long transaction is still open
	events := sink.Events()
	if len(events) != len(committed) {
		t.Fatalf("%d events, %d were committed", len(events), len(committed))
	}
	for i, e := range events {
		if e.ID.Major != from.Major+1+uint64(i) || committed[e.ID.String()] != string(e.Data) {
			t.Fatalf("event %d is %v %s, committed was %s", i, e.ID, e.Data, committed[e.ID.String()])
		}
	}
	long.Rollback(context.Background())
}

// An event of a transaction appears only when that commits.
func TestPublishInTransaction(t *testing.T) {
	s, schema := backend.New(t, storetest.Log{})
	from := top(t, s)
	conn := connect(t, backend.URL())
	execute(t, conn, `create table `+schema+`.shop (n int)`)
	for _, commit := range []bool{false, true} {
		tx, err := conn.Begin(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		execute(t, tx, `insert into `+schema+`.shop values (1)`)
		execute(t, tx, `select `+schema+`.publish('order', '{"paid": true}')`)
		if events, err := s.After(context.Background(), from, 10); err != nil || len(events) > 0 {
			t.Fatalf("before the end: %v, %v", events, err)
		}
		if commit {
			err = tx.Commit(context.Background())
		} else {
			err = tx.Rollback(context.Background())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	events, err := s.After(context.Background(), from, 10)
	if err != nil || len(events) != 1 || events[0].Topic != "order" || string(events[0].Data) != `{"paid": true}` || events[0].ID.Major != from.Major+1 {
		t.Fatalf("%v, %v", events, err)
	}
}

func TestListenerKilled(t *testing.T) {
	s, schema := backend.New(t, storetest.Log{Events: 100_000})
	sink := storetest.NewSink()
	defer sink.Follow(t, s, top(t, s))()
	admin := connect(t, backend.URL())
	n := 0
	rounds := 10
	if testing.Short() {
		rounds = 2
	}
	for range rounds {
		for range 50 {
			publish(t, s, n)
			n++
		}
		sink.Await(t, 1) // it listens
		var killed int
		err := admin.QueryRow(context.Background(), `select count(pg_terminate_backend(pid)) from pg_stat_activity
			where pid <> pg_backend_pid() and query like '%`+schema+`%'`).Scan(&killed)
		if err != nil {
			t.Fatal(err)
		}
		if killed == 0 {
			t.Fatal("there is nobody to kill")
		}
		publishAgain(t, s, n)
		n++
		sink.Await(t, n)
	}
	for i, e := range sink.Events() {
		if string(e.Data) != fmt.Sprint(i) {
			t.Fatalf("event %d is %s", i, e.Data)
		}
	}
}

// publishAgain publishes although connections of the pool may have been killed
// too.
func publishAgain(t *testing.T, s store.Store, n int) {
	t.Helper()
	storetest.Eventually(t, "publishing works", func() bool {
		_, err := s.Publish(context.Background(), "count", fmt.Append(nil, n))
		return err == nil
	})
}

// What the server cannot take must not fail the events that are committed with it.
func TestBadEventHarmsNoOther(t *testing.T) {
	s, _ := backend.New(t, storetest.Log{})
	from := top(t, s)
	var wg sync.WaitGroup
	for n := range 200 {
		wg.Go(func() {
			data := `1`
			if n%10 == 0 {
				data = `{"not": json`
			}
			if _, err := s.Publish(context.Background(), "count", []byte(data)); (err == nil) != (n%10 != 0) {
				t.Errorf("event %d: %v", n, err)
			}
		})
	}
	wg.Wait()
	if now := top(t, s); now.Major != from.Major+180 {
		t.Fatalf("from %v to %v", from, now)
	}
}

// Processes that start together make the schema once.
func TestMigrationTogether(t *testing.T) {
	name := backend.NewName()
	var wg sync.WaitGroup
	for range 8 {
		s := backend.Reopen(t, backend.URL(), name, storetest.Log{})
		wg.Go(func() {
			if _, err := s.Bounds(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// A role that may create nothing can serve and publish once the schema is there,
// and an application's role needs no more than USAGE to publish.
func TestPlainRoles(t *testing.T) {
	s, schema := backend.New(t, storetest.Log{})
	from := top(t, s)
	admin := connect(t, backend.URL())
	role := "role_" + schema
	execute(t, admin, `create role `+role+` login`)
	execute(t, admin, `grant usage on schema `+schema+` to `+role)
	app := connect(t, strings.Replace(backend.URL(), "postgres@", role+"@", 1))
	execute(t, app, `select `+schema+`.publish('cpu', '1')`)
	if _, err := app.Exec(context.Background(), `delete from `+schema+`.event`); err == nil {
		t.Fatal("an application may delete events")
	}
	execute(t, admin, `grant select, insert, update, delete on all tables in schema `+schema+` to `+role)
	served, err := postgres.Open(strings.Replace(backend.URL(), "postgres@", role+"@", 1), postgres.Options{Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	defer served.Close()
	publish(t, served, 2)
	if events, err := served.After(context.Background(), from, 10); err != nil || len(events) != 2 {
		t.Fatalf("%v, %v", events, err)
	}
	sink := storetest.NewSink()
	defer sink.Follow(t, served, from)()
	sink.Await(t, 2)
}

func TestOpenRefuses(t *testing.T) {
	for _, url := range []string{"http://x", "postgres://%zz"} {
		if _, err := postgres.Open(url, postgres.Options{}); err == nil {
			t.Errorf("%q is taken", url)
		}
	}
	for _, name := range []string{"a-b", `a"b`, "A", "1a", strings.Repeat("a", 64)} {
		if _, err := postgres.Open(backend.URL(), postgres.Options{Schema: name}); err == nil {
			t.Errorf("schema %q is taken", name)
		}
	}
}
