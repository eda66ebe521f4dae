package redis_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/redis"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// own starts a server for a test that harms it.
func own(t *testing.T, arguments ...string) (*storetest.Server, rueidis.Client) {
	t.Helper()
	s, err := storetest.StartRedis(arguments...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop() })
	return s, connect(t, s)
}

func connect(t *testing.T, s *storetest.Server) rueidis.Client {
	t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{strings.TrimPrefix(s.URL, "redis://")}, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func do(t *testing.T, client rueidis.Client, command ...string) {
	t.Helper()
	if err := client.Do(context.Background(), client.B().Arbitrary(command...).Build()).Error(); err != nil {
		t.Fatalf("%v: %v", command, err)
	}
}

func publish(t *testing.T, s store.Store, n int) store.ID {
	t.Helper()
	id, err := s.Publish(context.Background(), "count", fmt.Append(nil, n))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func gap(t *testing.T, s store.Store, id store.ID) string {
	t.Helper()
	events, err := s.After(context.Background(), id, 10)
	reason, ok := store.AsGap(err)
	if !ok {
		t.Fatalf("after %v: %d events, %v", id, len(events), err)
	}
	return reason
}

// A stream restored from a snapshot has lost its tail, and one new entry makes
// that invisible to anyone who only compares ids.
func TestLostTail(t *testing.T) {
	for _, followed := range []bool{true, false} {
		t.Run(fmt.Sprintf("followed %v", followed), func(t *testing.T) {
			server, admin := own(t)
			s, again := open(t, server.URL, redis.Options{})
			kept := publish(t, s, 1)
			do(t, admin, "SAVE")
			lost := publish(t, s, 2)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			server.Kill()
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			s = again()
			publish(t, s, 3)
			publish(t, s, 4)
			if followed {
				sink := storetest.NewSink()
				defer sink.Follow(t, s, lost)()
				sink.AwaitReset(t)
				if reason := gap(t, s, kept); reason != store.Epoch {
					t.Fatalf("the epoch stays although the end of the log is lost: %s", reason)
				}
				return
			}
			if reason := gap(t, s, lost); reason != store.Invalid {
				t.Fatalf("reason %s", reason)
			}
			events, err := s.After(context.Background(), kept, 10)
			if err != nil || len(events) != 2 {
				t.Fatalf("%v, %v", events, err)
			}
		})
	}
}

func TestFlushAll(t *testing.T) {
	server, admin := own(t)
	s, _ := open(t, server.URL, redis.Options{})
	publish(t, s, 1)
	old := publish(t, s, 2)
	sink := storetest.NewSink()
	defer sink.Follow(t, s, old)()
	publish(t, s, 3)
	sink.Await(t, 1)
	do(t, admin, "FLUSHALL")
	sink.AwaitReset(t) // without any event
	if reason := gap(t, s, old); reason != store.Epoch {
		t.Fatalf("reason %s", reason)
	}
	first := publish(t, s, 4)
	sink.Await(t, 2)
	if last := sink.Events()[1]; last.ID != first || string(last.Data) != "4" {
		t.Fatalf("%v", last)
	}
}

// DEL takes the stream and leaves the epoch.
func TestDeletedStream(t *testing.T) {
	s, _ := open(t, server.URL, redis.Options{})
	old := publish(t, s, 1)
	sink := storetest.NewSink()
	defer sink.Follow(t, s, old)()
	publish(t, s, 2)
	sink.Await(t, 1)
	admin := connect(t, server)
	do(t, admin, "DEL", fmt.Sprintf("log-%d", keys.Load()))
	sink.AwaitReset(t)
	gap(t, s, old)
}

func TestOutage(t *testing.T) {
	server, _ := own(t, "--appendonly", "yes", "--appendfsync", "always")
	s, _ := open(t, server.URL, redis.Options{})
	storetest.Outage(t, s, server.Kill, func() {
		if err := server.Start(); err != nil {
			t.Error(err)
		}
	})
}

func TestBlackHole(t *testing.T) {
	proxy := storetest.NewProxy(t, strings.TrimPrefix(server.URL, "redis://"))
	s, _ := open(t, "redis://"+proxy.Address, redis.Options{})
	storetest.Outage(t, s, proxy.Swallow, proxy.Heal)
}

func TestDownAtStart(t *testing.T) {
	server, _ := own(t)
	server.Kill()
	s, _ := open(t, server.URL, redis.Options{})
	storetest.DownAtStart(t, s, func() {
		if err := server.Start(); err != nil {
			t.Error(err)
		}
	})
}

func TestFollowEndsWhileBlocked(t *testing.T) {
	s, _ := open(t, server.URL, redis.Options{})
	top := publish(t, s, 1)
	sink := storetest.NewSink()
	stop := sink.Follow(t, s, top)
	publish(t, s, 2)
	sink.Await(t, 1)
	begin := time.Now()
	stop()
	if took := time.Since(begin); took > time.Second {
		t.Fatalf("it takes %v", took)
	}
}

// Other programs may write anything into the stream.
func TestForeignEntries(t *testing.T) {
	s, _ := open(t, server.URL, redis.Options{})
	base := publish(t, s, 1)
	key := fmt.Sprintf("log-%d", keys.Load())
	admin := connect(t, server)
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
}

func TestAge(t *testing.T) {
	s, _ := open(t, server.URL, redis.Options{Age: time.Millisecond})
	old := publish(t, s, 1)
	publish(t, s, 2)
	sink := storetest.NewSink()
	defer sink.Follow(t, s, store.ID{})()
	storetest.Eventually(t, "old events go", func() bool {
		b, err := s.Bounds(context.Background())
		return err == nil && old.Compare(b.Base) < 0
	})
	if reason := gap(t, s, old); reason != store.Trimmed {
		t.Fatalf("reason %s", reason)
	}
	sink.AwaitTrim(t, old)
}

func TestOpenRefuses(t *testing.T) {
	for _, url := range []string{"", "http://x", "redis://[", "postgres://x"} {
		if _, err := redis.Open(url, redis.Options{}); err == nil {
			t.Errorf("%q is taken", url)
		}
	}
}
