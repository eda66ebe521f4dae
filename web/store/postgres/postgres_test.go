package postgres_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/postgres"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// server is shared by the tests that do not harm it.
var server *storetest.Server

func TestMain(m *testing.M) {
	storetest.Main(m, "PostgreSQL", storetest.StartPostgres, func(s *storetest.Server) { server = s })
}

var schemas atomic.Int64

// open returns a log, and what opens it again.
func open(t testing.TB, url string, options postgres.Options) (*postgres.Store, func() *postgres.Store) {
	t.Helper()
	options.Schema = fmt.Sprintf("log_%d", schemas.Add(1))
	again := func() *postgres.Store {
		s, err := postgres.Open(url, options)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	return again(), again
}

func TestSuite(t *testing.T) {
	storetest.Run(t, func(t testing.TB, events int) func() store.Store {
		_, again := open(t, server.URL, postgres.Options{Events: events})
		return func() store.Store { return again() }
	})
}
