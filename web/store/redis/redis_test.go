package redis_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/redis"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// server is shared by the tests that do not harm it.
var server *storetest.Server

func TestMain(m *testing.M) {
	storetest.Main(m, "Redis", storetest.StartRedis, func(s *storetest.Server) { server = s })
}

var keys atomic.Int64

// open returns a log, and what opens it again.
func open(t testing.TB, url string, options redis.Options) (*redis.Store, func() *redis.Store) {
	t.Helper()
	options.Key = fmt.Sprintf("log-%d", keys.Add(1))
	again := func() *redis.Store {
		s, err := redis.Open(url, options)
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
		_, again := open(t, server.URL, redis.Options{Events: events})
		return func() store.Store { return again() }
	})
}
