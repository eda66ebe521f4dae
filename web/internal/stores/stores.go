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
const Usage = "where events are kept: memory, redis://host:port, postgres://user@host/database, file:///directory or nats://host:port, with commas between several, and ?replicas=3 for copies on three, ?per-topic=1000 to keep so many events of each topic, or ?per-topic=1000&follow-topics=true to read only the topics that clients want"

// Opener opens the log at a name, and returns what closes it.
type Opener func(name string) (log store.Store, shut func() error, err error)

// openers by the scheme of the name. Those of NATS are there in a program that was
// built with the tag nats.
var openers = map[string]Opener{
	"memory": func(string) (store.Store, func() error, error) {
		return memory.New(memory.Options{}), func() error { return nil }, nil
	},
	"redis":    openRedis,
	"rediss":   openRedis,
	"postgres": openPostgres, "postgresql": openPostgres,
	"file": notBuilt,
	"nats": notBuilt,
}

// Open returns the log with the store's defaults, and what closes it. Only a name
// that cannot be read is an error: a server that is away may come.
func Open(name string) (log store.Store, shut func() error, err error) {
	scheme, _, _ := strings.Cut(name, "://")
	open, ok := openers[scheme]
	if !ok || scheme == name && name != "memory" {
		return nil, nil, fmt.Errorf("store: %q is none of memory, redis://…, postgres://…, file:///… and nats://…", name)
	}
	return open(name)
}

func openRedis(name string) (store.Store, func() error, error) {
	s, err := redis.Open(name, redis.Options{})
	if err != nil {
		return nil, nil, err
	}
	return s, s.Close, nil
}

func openPostgres(name string) (store.Store, func() error, error) {
	s, err := postgres.Open(name, postgres.Options{})
	if err != nil {
		return nil, nil, err
	}
	return s, s.Close, nil
}

func notBuilt(name string) (store.Store, func() error, error) {
	return nil, nil, fmt.Errorf("store: this program was built without NATS, which %s needs; use make run ARGS='-store %[1]s', or build it with GOWORK=$PWD/web/store/nats/go.work go build -tags nats ./web", name)
}
