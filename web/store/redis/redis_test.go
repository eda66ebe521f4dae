package redis_test

import (
	"context"
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

// Helpers of the suite, under the names that the tests here use.
var (
	publish = storetest.Publish
	top     = storetest.Top
	wantGap = storetest.WantGap
	after   = storetest.Data
)

func TestMain(m *testing.M) { backend.Main(m) }

func TestSuite(t *testing.T) { backend.Run(t) }

func TestOutages(t *testing.T) { backend.RunOutages(t) }

// BenchmarkLog has a server that keeps everything in memory.
func BenchmarkLog(b *testing.B) {
	s, _ := backend.New(b, storetest.Log{})
	storetest.BenchmarkLog(b, s)
}

// BenchmarkSynced has each event synced before it is acknowledged.
func BenchmarkSynced(b *testing.B) {
	server := backend.Server(b, backend.Durable...)
	storetest.BenchmarkLog(b, backend.Reopen(b, server.URL, "log", storetest.Log{}))
	b.Run("restart", func(b *testing.B) { backend.BenchmarkRestart(b, backend.Durable...) })
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
