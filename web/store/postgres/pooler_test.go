package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/postgres"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// pooler starts PgBouncer before the shared server, with fewer connections than the
// tests have publishers, and returns its URL.
func pooler(t *testing.T, mode string) (url string) {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if program = "/usr/sbin/pgbouncer"; os.Getenv("CI") != "true" {
			if _, err := os.Stat(program); err != nil {
				t.Skip("pgbouncer is not installed (e2e/needs.sh installs it)")
			}
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	host, serverPort, _ := strings.Cut(backend.Address(t), ":")
	server := backend.Shared()
	config := filepath.Join(server.Dir(), "pgbouncer-"+mode+".ini")
	text := fmt.Sprintf("[databases]\npostgres = host=%s port=%s user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\n"+
		"unix_socket_dir =\nauth_type = any\npool_mode = %s\ndefault_pool_size = 4\nserver_reset_query = DISCARD ALL\n", host, serverPort, port, mode)
	if mode == "session" {
		text = strings.Replace(text, "default_pool_size = 4", "default_pool_size = 40", 1)
	}
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, config)
	server.RunAs(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	url = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
	storetest.Eventually(t, "the pooler answers", func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return url
}

// Each way to run behind a pooler works, with whatever the application has chosen
// for its pool.
func TestPoolers(t *testing.T) {
	modes := []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"}
	for _, pooling := range []string{"direct", "session", "transaction", "statement"} {
		if testing.Short() && pooling != "transaction" {
			continue
		}
		url := backend.URL()
		if pooling != "direct" {
			url = pooler(t, pooling)
		}
		for _, mode := range modes {
			t.Run(pooling+" "+mode, func(t *testing.T) {
				name := backend.NewName()
				if pooling == "statement" {
					// A transaction makes the schema: that needs another way once.
					top(t, backend.Reopen(t, backend.URL(), name, storetest.Log{}))
				}
				pool, err := pgxpool.New(context.Background(), url+"&pool_max_conns=8&default_query_exec_mode="+mode)
				if err != nil {
					t.Fatal(err)
				}
				defer pool.Close()
				s, err := postgres.New(pool, postgres.Options{Schema: name})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				publishAndFollow(t, s)
				if err := pool.Ping(context.Background()); err != nil {
					t.Errorf("the application's pool: %v", err)
				}
			})
		}
	}
}

// publishAndFollow has 20 publishers, half of whose events have keys, and a follower.
func publishAndFollow(t *testing.T, s store.Store) {
	t.Helper()
	const publishers, each = 20, 5
	from := top(t, s)
	sink := storetest.NewSink()
	stop := sink.Follow(t, s, from)
	defer stop()
	var wg sync.WaitGroup
	for p := range publishers {
		wg.Go(func() {
			for n := range each {
				var options []store.PublishOption
				if p%2 == 0 {
					options = append(options, store.IdempotencyKey(fmt.Sprintf("%d, it's \"%d\"", p, n)))
				}
				if _, err := s.Publish(context.Background(), "tö'p{i}c", []byte(`{"a": "b'c\u0000\\"}`), options...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	sink.Await(t, publishers*each)
	for _, e := range sink.Events() {
		if e.Topic != "tö'p{i}c" || string(e.Data) != `{"a": "b'c\u0000\\"}` {
			t.Fatalf("%q %s", e.Topic, e.Data)
		}
	}
	if _, err := s.Publish(context.Background(), "count", []byte(`{`)); !errors.Is(err, store.ErrInvalidEvent) || !errors.Is(err, store.ErrNotStored) {
		t.Errorf("an event that is not JSON: %v", err)
	}
}
