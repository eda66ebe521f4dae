// Package stores opens the log that a flag names.
package stores

import (
	"fmt"
	"strings"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
	"github.com/wakesocket/wakesocket/web/store/postgres"
	"github.com/wakesocket/wakesocket/web/store/redis"
)

// Usage is the text for a flag.
const Usage = "where events are kept: memory, redis://host:port or postgres://user@host/database"

// Open returns the log with the store's defaults, and what closes it. Only a name
// that cannot be read is an error: a server that is away may come.
func Open(name string) (log store.Store, shut func() error, err error) {
	scheme, _, _ := strings.Cut(name, "://")
	switch scheme {
	case "memory":
		return memory.New(memory.Options{}), func() error { return nil }, nil
	case "redis", "rediss":
		s, err := redis.Open(name, redis.Options{})
		if err != nil {
			return nil, nil, err
		}
		return s, s.Close, nil
	case "postgres", "postgresql":
		s, err := postgres.Open(name, postgres.Options{})
		if err != nil {
			return nil, nil, err
		}
		return s, s.Close, nil
	}
	return nil, nil, fmt.Errorf("store: %q is none of memory, redis://… and postgres://…", name)
}
