package redis_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/redis"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

func port(s *storetest.Server) string { return s.URL[strings.LastIndex(s.URL, ":")+1:] }

// Other programs may write anything into the stream.
func TestForeignEntries(t *testing.T) {
	s, key := backend.New(t, storetest.Log{})
	base := publish(t, s, 1)
	admin := connect(t, backend.URL())
	do(t, admin, "XADD", key, "MAXLEN", "~", "10000", "*", "topic", "cpu", "data", `{"load":0.7}`)
	do(t, admin, "XADD", key, "*", "something", "else")
	do(t, admin, "XADD", key, "*", "data", "\xff", "topic", "cpu")
	publish(t, s, 2)
	events, err := s.After(context.Background(), base, 10)
	if err != nil || len(events) != 4 {
		t.Fatalf("%v, %v", events, err)
	}
	if events[0].Topic != "cpu" || string(events[0].Data) != `{"load":0.7}` || events[1].Topic != "" || string(events[3].Data) != "2" {
		t.Fatalf("%v", events)
	}
	for _, e := range events { // each is a place to go on from
		if _, err := s.After(context.Background(), e.ID, 10); err != nil {
			t.Errorf("after %v: %v", e.ID, err)
		}
	}
}

// Entries that other programs add with the same key are one event; the others keep
// their places and have no data.
func TestForeignKeys(t *testing.T) {
	s, key := backend.New(t, storetest.Log{})
	base := publish(t, s, 0)
	admin := connect(t, backend.URL())
	for _, data := range []string{"1", "2", "3"} {
		do(t, admin, "XADD", key, "*", "topic", "count", "data", data, "key", "a")
	}
	for range 2 { // every reader sees the same
		if got := after(t, s, base); got != "1  " {
			t.Fatalf("%q", got)
		}
	}
	id, err := s.Publish(context.Background(), "count", []byte("4"), store.IdempotencyKey("a"))
	if err != nil {
		t.Fatal(err)
	}
	if got := after(t, s, id); got != " " {
		t.Fatalf("after the first of three: %q", got)
	}
}

// The name leads to the new primary, while the old one lives on as its replica and
// keeps its connections: for publishers, and for a feed that only reads.
func TestFailoverByName(t *testing.T) {
	for _, reads := range []bool{false, true} {
		first, admin := own(t)
		second, other := own(t)
		proxy := storetest.NewProxy(t, strings.TrimPrefix(first.URL, "redis://"))
		s := backend.Reopen(t, "redis://"+proxy.Address, "log", storetest.Log{})
		from := publish(t, s, 1)
		sink := storetest.NewSink()
		if reads {
			defer sink.Follow(t, s, from)()
			sink.AwaitAppends(t, 1)
		}
		do(t, other, "REPLICAOF", "127.0.0.1", port(first))
		storetest.Eventually(t, "the replica has the log", func() bool {
			n, err := other.Do(context.Background(), other.B().Exists().Key("log").Build()).AsInt64()
			return err == nil && n == 1
		})
		proxy.Retarget(strings.TrimPrefix(second.URL, "redis://"))
		do(t, other, "REPLICAOF", "NO", "ONE")
		do(t, admin, "REPLICAOF", "127.0.0.1", port(second))
		if !reads {
			publish(t, s, 2) // at once
			continue
		}
		direct := backend.Reopen(t, second.URL, "log", storetest.Log{})
		publish(t, direct, 2)
		do(t, admin, "REPLICAOF", "127.0.0.1", "1") // the old one falls behind for ever
		publish(t, direct, 3)
		sink.Await(t, 2)
	}
}

// What the server refuses is not stored; what it does not answer may be.
func TestOutcomes(t *testing.T) {
	server, admin := own(t)
	proxy := storetest.NewProxy(t, strings.TrimPrefix(server.URL, "redis://"))
	s := backend.Reopen(t, "redis://"+proxy.Address, "log", storetest.Log{})
	put := func() error {
		_, err := s.Publish(context.Background(), "count", []byte("1"))
		return err
	}
	if err := put(); err != nil {
		t.Fatal(err)
	}
	do(t, admin, "CONFIG", "SET", "maxmemory", "1")
	if err := put(); !errors.Is(err, store.ErrNotStored) {
		t.Errorf("out of memory: %v", err)
	}
	do(t, admin, "CONFIG", "SET", "maxmemory", "0")
	proxy.Swallow()
	if err := put(); !errors.Is(err, store.ErrOutcomeUnknown) || errors.Is(err, store.ErrNotStored) {
		t.Errorf("no answer: %v", err)
	}
	proxy.Heal()
	server.Kill()
	storetest.Eventually(t, "nothing is connected", func() bool { return errors.Is(put(), store.ErrNotStored) })
}

// A hash tag chooses the slot in a cluster; any key works there.
func TestCluster(t *testing.T) {
	server, admin := own(t, "--cluster-enabled", "yes")
	do(t, admin, "CLUSTER", "ADDSLOTSRANGE", "0", "16383")
	for _, key := range []string{"wakesocket", "{app}:events", "prod:{app}", "a}b{c", "{}", "{}a", "{", "}{", "{a}{b}", "{{a}}", "a{b}c"} {
		s, err := redis.Open(server.URL, redis.Options{Key: key})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		storetest.Eventually(t, "the cluster is up", func() bool {
			_, err := s.Bounds(context.Background())
			return err == nil
		})
		from := top(t, s)
		sink := storetest.NewSink()
		defer sink.Follow(t, s, from)()
		first, err := s.Publish(context.Background(), "count", []byte("1"), store.IdempotencyKey("a"))
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.Publish(context.Background(), "count", []byte("1"), store.IdempotencyKey("a"))
		if err != nil || again != first {
			t.Fatalf("key %q: %v, then %v, %v", key, first, again, err)
		}
		if err := s.PutRecord(context.Background(), "a", []byte("1"), time.Hour); err != nil {
			t.Fatalf("key %q: %v", key, err)
		}
		if records, err := s.Records(context.Background()); err != nil || len(records) != 1 {
			t.Fatalf("key %q: %v, %v", key, records, err)
		}
		publish(t, s, 2)
		sink.Await(t, 2)
	}
}

// Sentinel names the primary; after a failover it names another.
func TestSentinel(t *testing.T) {
	first, _ := own(t)
	second, other := own(t)
	do(t, other, "REPLICAOF", "127.0.0.1", port(first))
	config := filepath.Join(t.TempDir(), "sentinel.conf")
	if err := os.WriteFile(config, []byte("sentinel monitor mymaster 127.0.0.1 "+port(first)+" 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel, watch := own(t, config, "--sentinel")
	do(t, watch, "SENTINEL", "SET", "mymaster", "down-after-milliseconds", "500")
	do(t, watch, "SENTINEL", "SET", "mymaster", "failover-timeout", "3000")
	s := backend.Reopen(t, sentinel.URL+"?master_set=mymaster", "log", storetest.Log{})
	from := publish(t, s, 1)
	sink := storetest.NewSink()
	defer sink.Follow(t, s, from)()
	storetest.Eventually(t, "the replica has the log", func() bool {
		n, err := other.Do(context.Background(), other.B().Exists().Key("log").Build()).AsInt64()
		return err == nil && n == 1
	})
	storetest.Eventually(t, "sentinel knows the replica", func() bool {
		replicas, err := watch.Do(context.Background(), watch.B().SentinelReplicas().Master("mymaster").Build()).ToArray()
		return err == nil && len(replicas) == 1
	})
	first.Kill()
	storetest.Eventually(t, "publishing works again", func() bool {
		_, err := s.Publish(context.Background(), "count", []byte("2"))
		return err == nil
	})
	sink.Await(t, 1)
	if got := after(t, backend.Reopen(t, second.URL, "log", storetest.Log{}), from); got != "2" {
		t.Errorf("the new primary has %q", got)
	}
}
