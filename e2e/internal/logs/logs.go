// Package logs opens the event log that a flag of a test server names.
package logs

import (
	"fmt"
	"strings"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
	"github.com/wakesocket/wakesocket/web/store/postgres"
	"github.com/wakesocket/wakesocket/web/store/redis"
)

// Open returns the log at "memory", a redis:// or a postgres:// URL, and what
// closes it.
func Open(place string) (log store.Store, shut func() error, err error) {
	switch scheme, _, _ := strings.Cut(place, "://"); scheme {
	case "memory":
		return memory.New(memory.Options{}), func() error { return nil }, nil
	case "redis":
		s, err := redis.Open(place, redis.Options{})
		if err != nil {
			return nil, nil, err
		}
		return s, s.Close, nil
	case "postgres":
		s, err := postgres.Open(place, postgres.Options{})
		if err != nil {
			return nil, nil, err
		}
		return s, s.Close, nil
	}
	return nil, nil, fmt.Errorf("logs: %q is neither memory, nor a redis:// or postgres:// URL", place)
}
