package main

import (
	"fmt"
	"net/url"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/memory"
	"github.com/wakesocket/wakesocket/web/store/postgres"
	"github.com/wakesocket/wakesocket/web/store/redis"
)

// logAt returns how to open the log that the -store flag names. One in memory is
// new each time, as it would be after a crash; the others outlive the process.
func logAt(place string) (open func() (store.Store, error), err error) {
	if place == "memory" {
		return func() (store.Store, error) { return memory.New(memory.Options{}), nil }, nil
	}
	u, err := url.Parse(place)
	if err != nil {
		return nil, fmt.Errorf("-store: %w", err)
	}
	var log store.Store
	switch u.Scheme {
	case "redis", "rediss":
		log, err = redis.Open(place, redis.Options{})
	case "postgres", "postgresql":
		log, err = postgres.Open(place, postgres.Options{})
	default:
		err = fmt.Errorf("-store %s: use memory, redis://host:6379 or postgres://user@host/database", place)
	}
	if err != nil {
		return nil, err
	}
	return func() (store.Store, error) { return log, nil }, nil
}
