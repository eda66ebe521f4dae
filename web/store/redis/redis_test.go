package redis_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/redis/rueidis"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/redis"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

var backend = storetest.Backend{
	Name:    "Redis",
	Start:   storetest.StartRedis,
	Durable: []string{"--appendonly", "yes", "--appendfsync", "always"},
	Open: func(url, name string, log storetest.Log) (store.Store, error) {
		return redis.Open(url, redis.Options{Key: name, Events: log.Events, Age: log.Age})
	},
}

func TestMain(m *testing.M) { backend.Main(m) }

func TestSuite(t *testing.T) { backend.Run(t) }

func BenchmarkPublish(b *testing.B) {
	s, _ := backend.New(b, storetest.Log{})
	storetest.BenchmarkPublish(b, s)
}

func TestOpenRefuses(t *testing.T) {
	for _, url := range []string{"", "http://x", "redis://[", "postgres://x"} {
		if _, err := redis.Open(url, redis.Options{}); err == nil {
			t.Errorf("%q is accepted", url)
		}
	}
}

// An application may have a client of its own, which outlives the log.
func TestNew(t *testing.T) {
	client := connect(t, backend.URL())
	s := redis.New(client, redis.Options{Key: backend.NewName()})
	id := publish(t, s, 1)
	sink := storetest.NewSink()
	stop := sink.Follow(t, s, id)
	publish(t, s, 2)
	sink.Await(t, 1)
	stop()
	s.Close()
	if err := client.Do(context.Background(), client.B().Ping().Build()).Error(); err != nil {
		t.Errorf("closing the log closes the client: %v", err)
	}
}

// own starts a server for a test that harms it.
func own(t *testing.T, arguments ...string) (*storetest.Server, rueidis.Client) {
	t.Helper()
	s := backend.Server(t, arguments...)
	return s, connect(t, s.URL)
}

func connect(t *testing.T, url string) rueidis.Client {
	t.Helper()
	client, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{strings.TrimPrefix(url, "redis://")}, DisableCache: true, ForceSingleClient: true})
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

func publish(t testing.TB, s store.Store, n int) store.ID {
	t.Helper()
	id, err := s.Publish(context.Background(), "count", fmt.Append(nil, n))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func wantGap(t *testing.T, s store.Store, id store.ID, reasons ...string) {
	t.Helper()
	events, err := s.After(context.Background(), id, 10)
	got, ok := store.AsGap(err)
	for _, reason := range reasons {
		if got == reason {
			return
		}
	}
	t.Fatalf("after %v: %d events, gap %v %q (%v), want one of %q", id, len(events), ok, got, err, reasons)
}

func after(t *testing.T, s store.Store, id store.ID) string {
	t.Helper()
	events, err := s.After(context.Background(), id, 100)
	if err != nil {
		t.Fatalf("after %v: %v", id, err)
	}
	var datas []string
	for _, e := range events {
		datas = append(datas, string(e.Data))
	}
	return strings.Join(datas, " ")
}

func top(t *testing.T, s store.Store) store.ID {
	t.Helper()
	b, err := s.Bounds(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return b.Top
}
